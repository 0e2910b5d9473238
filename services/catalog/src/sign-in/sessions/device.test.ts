import assert from "node:assert/strict";
import { test } from "node:test";
import { deviceHash } from "./device.ts";

const agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/142.0.0.0 Safari/537.36";
const of = (address: string | null, userAgent: string | null = agent, developerId = "ada") =>
  deviceHash({ developerId, address, userAgent });

test("a device stays the same in its network and when its client is updated", () => {
  assert.match(of("192.0.2.1"), /^[0-9a-f]{64}$/);
  assert.equal(of("192.0.2.1"), of("192.0.2.200"));
  assert.equal(of("2001:db8:1:2::3"), of("2001:db8:1:ffff::9"));
  assert.equal(of("192.0.2.1"), of("192.0.2.1", agent.replace("142.0.0.0", "143.0.7.1")));
});

test("another network, another client and another developer are other devices", () => {
  const all = [
    of("192.0.2.1"),
    of("192.0.3.1"),
    of("2001:db8:1::1"),
    of("2001:db8:2::1"),
    of(null),
    of("192.0.2.1", "curl/8.5.0"),
    of("192.0.2.1", null),
    of("192.0.2.1", agent, "bob"),
  ];
  assert.equal(new Set(all).size, all.length);
});
