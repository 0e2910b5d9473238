import assert from "node:assert/strict";
import { test } from "node:test";
import { Problem } from "@mosis/http";
import { createJudgeAddress } from "./address.ts";
import { readAllowedTargets } from "./allowed-targets.ts";
import { webhookOptions } from "./settings.ts";
import { readWebhookUrl } from "./url.ts";

// INVARIANT 53
test("addresses that only our own network reaches are blocked, in every disguise", () => {
  const judge = createJudgeAddress([]);
  const blocked = [
    "127.0.0.1",
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "169.254.169.254",
    "172.31.255.255",
    "192.168.1.1",
    "198.19.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "192.0.0.8",
    "::1",
    "::",
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "::ffff:93.184.215.14",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::a9fe:a9fe",
    "fd00::1",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "3fff::1",
    "100::1",
    "fd00:ec2::254",
    "rubbish",
    "",
  ];
  for (const address of blocked) assert.equal(judge(address, 443), "blocked", address);
  for (const address of ["93.184.215.14", "172.32.0.1", "100.128.0.1", "2606:2800:21f::1", "2a00:1450::1"]) {
    assert.equal(judge(address, 443), "public", address);
  }
});

// Other services on an allowed host stay out of reach: a store that speaks HTTP, for example.
// INVARIANT 53
test("what an operator allows is one address with one port, and never a port of ours", () => {
  const judge = createJudgeAddress(["10.9.9.9:8443", "[fd00::1]:443", "10.9.9.9:9999"]);
  const cases: [string, number, string][] = [
    ["10.9.9.9", 8443, "allowed"],
    ["::ffff:10.9.9.9", 8443, "allowed"],
    ["10.9.9.9", 9999, "allowed"],
    ["fd00:0::1", 443, "allowed"],
    ["fd00::1", 8443, "blocked"],
    ["10.9.9.9", 443, "blocked"],
    ["10.9.9.8", 8443, "blocked"],
    ["127.0.0.1", 8443, "blocked"],
  ];
  for (const [address, port, kind] of cases) assert.equal(judge(address, port), kind, `${address} ${port}`);

  assert.deepEqual(readAllowedTargets("127.0.0.1:9999, [fd00::1]:443"), ["127.0.0.1:9999", "[fd00::1]:443"]);
  const bad = [
    "127.0.0.0/8",
    "127.0.0.1",
    "127.0.0.0/8:80",
    "localhost:9999",
    "127.1:9999",
    "*:80",
    "127.0.0.1:*",
    "127.0.0.1:0",
    "127.0.0.1:65536",
    "127.0.0.1:09999",
    "fd00::1:443",
    "[127.0.0.1]:443",
    "[::1]",
    "",
    "127.0.0.1:9999,",
    "0x7f.0.0.1:9999",
    "127.0.0.1:1-9",
    "10.0.0.1:443 10.0.0.2:443",
  ];
  for (const text of bad) assert.throws(() => readAllowedTargets(text), /address:port/, text);
  for (const port of [4000, 4001, 4002, 4003, 4004, 4005, 5432, 8123, 9092, 15_432, 18_123, 19_000, 19_092]) {
    assert.throws(() => readAllowedTargets(`10.1.1.1:9999,10.1.1.1:${port}`), /must not name port/);
  }
  const values = { WEBHOOK_SECRET_KEYS: [], WEBHOOK_ALLOWED_TARGETS: ["127.0.0.1:25432"] };
  const own = { httpPort: 4000, urls: ["postgres://mosis@127.0.0.1:25432/mosis", "smtp://mail:2525"] };
  assert.throws(() => webhookOptions(values, own), /webhooks must not reach it/);
  for (const port of [4000, 2525]) {
    values.WEBHOOK_ALLOWED_TARGETS = [`127.0.0.1:${port}`];
    assert.throws(() => webhookOptions(values, own), /webhooks must not reach it/);
  }
});

// INVARIANT 53
test("a URL is https, public as far as it says, and holds no credentials", () => {
  const rules = { judge: createJudgeAddress([]), allowsHttp: false };
  const codeOf = (text: string, allowsHttp = false): string => {
    try {
      return readWebhookUrl(text, { ...rules, allowsHttp }).url;
    } catch (error) {
      assert.ok(error instanceof Problem);
      return error.errors?.[0]?.code ?? "";
    }
  };
  const refused = {
    "http://example.org/": "https_required",
    "ftp://example.org/": "https_required",
    "https://a:b@example.org/": "credentials_in_url",
    "https://a@example.org/": "credentials_in_url",
    "https://example.org/#x": "fragment_in_url",
    "https://example.org:25/": "port_refused",
    "https://127.0.0.1/": "address_blocked",
    "https://0x7f.1/": "address_blocked",
    "https://2130706433/": "address_blocked",
    "https://[::1]/": "address_blocked",
    "https://[::ffff:169.254.169.254]/": "address_blocked",
    "example.org": "url_malformed",
    "https://": "url_malformed",
    "HTTPS://Example.ORG": "url_spelling",
    "https://example.org\\@192.0.2.1/": "url_spelling",
  };
  for (const [text, code] of Object.entries(refused)) assert.equal(codeOf(text), code, text);
  assert.equal(codeOf("https://example.org"), "https://example.org/");
  assert.equal(codeOf("https://example.org:8443/a?b=c"), "https://example.org:8443/a?b=c");
  assert.equal(codeOf("http://example.org/", true), "http://example.org/");
});
