import assert from "node:assert/strict";
import { test } from "node:test";
import { requirePublicUrl } from "./package-url.ts";

test("a package lies on a public host, behind https, and its URL holds no secret", () => {
  for (const url of [
    "https://packages.mosis.org/chess/1.mosis",
    "https://cdn.example:8443/a?b=c",
    "https://xn--mnchen-3ya.example/%C3%A4",
    "https://packages.example",
    "https://packages.example/a?b=%20c",
    "https://packages.example./x",
  ]) {
    requirePublicUrl(url);
  }
  for (const url of [
    "http://packages.example/x",
    "ftp://packages.example/x",
    "https://",
    "packages.example",
    "javascript:x",
    "https://user@packages.example/x",
    "https://:secret@packages.example/x",
    "https://packages.example/x#part",
    "https://packages.example/x#",
    String.raw`https://packages.example.org\@files.example.net/p`,
    "https:///packages.example/p",
    "https:packages.example/p",
    "https:/packages.example/p",
    "HTTPS://packages.example/p",
    "https://packages。example/p",
    "https://packages．example/p",
    "https://pack\u202eages.example/p",
    "https://packages.example/\u202ep",
    "https://packages.example/\u007fp",
    "https://PACKAGES.example/p",
    "https://packages.example:443/p",
    "https://packages.example/a/../p",
    "https://packages.example/a b",
    "https://münchen.example/p",
    "https://packages.example/ä",
    "https://packa\tges.example/p",
    "https://packages.example?",
    "https://packages.example/p\n",
    String.raw`https://packages.example\p`,
    "https://ex..com/x",
    "https://.ex.com/x",
    "https://ex.com../x",
    "https://ex%2E.com/x",
    "https://localhost/x",
    "https://intranet/x",
    "https://a.localhost/x",
    "https://printer.local./x",
    "https://db.internal/x",
    "https://router.lan/x",
    "https://nas.home.arpa/x",
    "https://a.test/x",
    "https://127.0.0.1/x",
    "https://10.0.0.1/x",
    "https://2130706433/x",
    "https://0x7f.1/x",
    "https://[::1]/x",
    "https://[fd00::1]/x",
    "https://8.8.8.8/x",
    "https://１２７.0.0.1/x",
  ]) {
    assert.throws(() => requirePublicUrl(url), { code: "invalid_request" }, url);
  }
});
