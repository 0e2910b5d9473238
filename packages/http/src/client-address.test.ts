import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { test } from "node:test";
import { createClientAddress, networkOf } from "./client-address.ts";

const proxies = ["10.0.0.0/8", "fd00::/8"];

function sentBy(remoteAddress: string, forwardedFor?: string) {
  const headers = forwardedFor === undefined ? {} : { "x-forwarded-for": forwardedFor };
  return { socket: { remoteAddress }, headers } as unknown as IncomingMessage;
}

// Load balancers of Azure and AWS write ports. Without reading the port, all of their clients would count as
// one, the proxy.
// INVARIANT 56
test("a hop is read with its port, brackets and quotes, and a word is nobody", () => {
  const address = createClientAddress(proxies);
  const cases: [string, string][] = [
    ["203.0.113.5:41234", "203.0.113.5"],
    ["[2001:db8::5]:443", "2001:db8::5"],
    ["[2001:DB8::5]", "2001:db8::5"],
    ["2001:db8::5", "2001:db8::5"],
    ['"[2001:db8::5]:443"', "2001:db8::5"],
    ['"203.0.113.5"', "203.0.113.5"],
    ["203.0.113.5:_port", "203.0.113.5"],
    ["[::ffff:203.0.113.5]:80", "203.0.113.5"],
    ["::ffff:cb00:7105", "203.0.113.5"],
    ["1.2.3.4, 203.0.113.5:1, 10.0.0.2:8080", "203.0.113.5"],
    ["10.0.0.3:1, [fd00::2]:2", "10.0.0.3"],
  ];
  const nobody = [
    "unknown",
    "_secret",
    "x",
    "203.0.113.5:",
    "203.0.113.5:123456",
    "[203.0.113.5]:1",
    "203.0.113.5:1:2",
    "[2001:db8::5",
    "2001:db8::5]:1",
    "203.0.113.256",
    "127.1",
    '"',
    '""',
    "for=203.0.113.5",
  ];
  for (const [forwarded, expected] of cases) {
    assert.equal(address(sentBy("10.0.0.1", forwarded)), expected, forwarded);
  }
  for (const word of nobody) assert.equal(address(sentBy("10.0.0.1", word)), "", word);
});

// A client that could choose its address would be throttled as somebody else.
test("only proxies of ours are believed, and from the right", () => {
  const address = createClientAddress(proxies);
  const cases: [string, string | undefined, string][] = [
    ["203.0.113.1", undefined, "203.0.113.1"],
    ["203.0.113.1", "198.51.100.1", "203.0.113.1"],
    ["10.0.0.1", "198.51.100.1", "198.51.100.1"],
    ["::ffff:10.0.0.1", "::ffff:198.51.100.1", "198.51.100.1"],
    ["10.0.0.1", "1.2.3.4, 198.51.100.1", "198.51.100.1"],
    ["10.0.0.1", "1.2.3.4, 198.51.100.1 ,10.0.0.9", "198.51.100.1"],
    ["fd00::1", "2001:DB8::7", "2001:db8::7"],
    ["10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"],
    ["10.0.0.1", "1.2.3.4, unknown", ""],
    ["10.0.0.1", "1.2.3.4, , 10.0.0.2", ""],
    ["10.0.0.1", "1.2.3.4,", ""],
    ["10.0.0.1", "unknown, 198.51.100.1", "198.51.100.1"],
    ["10.0.0.1", "", "10.0.0.1"],
    ["10.0.0.1", undefined, "10.0.0.1"],
  ];
  for (const [connection, forwarded, expected] of cases) {
    assert.equal(address(sentBy(connection, forwarded)), expected, `${connection} | ${forwarded}`);
  }
  assert.equal(createClientAddress([])(sentBy("127.0.0.1", "1.2.3.4")), "127.0.0.1");
});

test("addresses of one subscriber are one network, however they are written", () => {
  const cases: [string, string][] = [
    ["198.51.100.1", "198.51.100.1"],
    ["2001:db8:1:2::7", "2001:db8:1:2::/64"],
    ["2001:0db8:0001:0002:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"],
    ["2001:db8::1:2:3:4:5", "2001:db8:0:1::/64"],
    ["2001:db8::", "2001:db8:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
    ["64:ff9b::198.51.100.1", "64:ff9b:0:0::/64"],
    ["1:2:3::4:5:192.0.2.1", "1:2:3:0::/64"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
    ["", ""],
  ];
  for (const [address, network] of cases) assert.equal(networkOf(address), network, address);
});
