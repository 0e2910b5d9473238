import assert from "node:assert/strict";
import { test } from "node:test";
import { addressRanges, isAddressRange, isWithinRanges } from "./address-ranges.ts";

test("a range has its addresses and no others, also an IPv4 address that is written as IPv6", () => {
  const ranges = addressRanges(["192.0.2.0/24", "2001:db8::/32", "198.51.100.7"]);
  const inside = ["192.0.2.0", "192.0.2.255", "::ffff:192.0.2.9", "2001:db8:1::1", "198.51.100.7"];
  const outside = ["192.0.3.0", "198.51.100.8", "2001:db9::1", "::1", "", "x", "192.0.2.1:80", "192.0.2"];
  for (const address of inside) assert.ok(ranges.has(address), address);
  for (const address of outside) assert.ok(!ranges.has(address), address);
  assert.ok(!addressRanges([]).has("127.0.0.1"));
  assert.ok(addressRanges(["0.0.0.0/0"]).has("8.8.8.8"));
});

// A key for `::/8` would work from anywhere that has IPv4.
// INVARIANT 56
test("an IPv6 range has no IPv4 address, and a mapped one is the IPv4 range that it says", () => {
  for (const range of ["::/0", "::/8", "::/80", "::/24", "::/96", "64:ff9b::/96", "::127.0.0.0/104"]) {
    for (const address of ["127.0.0.1", "::ffff:127.0.0.1", "10.10.20.1"]) {
      assert.ok(!addressRanges([range]).has(address), `${range} ${address}`);
    }
  }
  assert.ok(addressRanges(["::/0"]).has("2001:db8::1"));
  assert.ok(!addressRanges(["0.0.0.0/0"]).has("2001:db8::1"));
  const mapped = addressRanges(["::ffff:10.10.20.0/120", "0:0:0:0:0:FFFF:c000:0200/124"]);
  for (const address of ["10.10.20.255", "::ffff:10.10.20.1", "::ffff:a0a:1401", "192.0.2.15"]) {
    assert.ok(mapped.has(address), address);
  }
  for (const address of ["10.10.21.0", "192.0.2.16", "::a0a:1401"]) assert.ok(!mapped.has(address), address);
  for (const bad of ["::ffff:10.10.20.0/24", "::ffff:0:0/95", "::ffff:10.0.0.0/0", "::ffff:10.0.0.0/129"]) {
    assert.ok(!isAddressRange(bad), bad);
  }
  assert.ok(!isWithinRanges("10.0.0.0/8", ["::/0"]));
  assert.ok(!isWithinRanges("::/96", ["0.0.0.0/0"]));
});

test("what is no range is refused by name", () => {
  for (const good of ["10.0.0.0/8", "::/0", "fe80::1", "2001:DB8::/48", "0.0.0.0/0"]) {
    assert.ok(isAddressRange(good), good);
  }
  for (const bad of [
    "",
    "10.0.0.0/33",
    "::/129",
    "10.0.0/8",
    "a",
    "10.0.0.0/-1",
    "10.0.0.0/",
    "10.0.0.0/08",
    "fe80::1%eth0",
  ]) {
    assert.ok(!isAddressRange(bad), bad);
    assert.throws(() => addressRanges([bad]), /is no range of addresses/);
  }
});

test("a range is within those that have all of its addresses, however it is written", () => {
  const outer = ["10.0.0.0/8", "2001:db8::/32", "::ffff:192.0.2.0/120"];
  for (const inner of ["10.0.0.0/8", "10.1.0.0/16", "10.1.2.3", "::ffff:10.1.0.0/112", "2001:DB8:1::/48"]) {
    assert.ok(isWithinRanges(inner, outer), inner);
  }
  assert.ok(isWithinRanges("192.0.2.128/25", outer));
  for (const other of [
    "10.0.0.0/7",
    "11.0.0.0/8",
    "0.0.0.0/0",
    "::/0",
    "2001:db8::/31",
    "192.0.2.0/23",
    "x",
  ]) {
    assert.ok(!isWithinRanges(other, outer), other);
  }
  assert.ok(!isWithinRanges("10.0.0.1", []));
});
