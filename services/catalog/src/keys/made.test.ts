import assert from "node:assert/strict";
import { test } from "node:test";
import type { Key } from "@mosis/types/keys";
import { cutTo, exceeds } from "./made.ts";

const maker: Key = {
  id: "0193a5b0-0000-7000-8000-000000000001",
  name: "ci",
  kind: "management",
  key_prefix: "mk_abcdefg",
  permissions: ["apps:read", "keys:write", "telemetry:write"],
  package_ids: ["org.ada.chess", "org.ada.go"],
  telemetry_events_per_second: 50,
  cidrs: ["192.0.2.0/24", "2001:db8::/32"],
  disabled: false,
  disabled_by_key_id: null,
  quarantined_at: null,
  leaked_at: null,
  previous_secret_ends_at: null,
  last_used_at: null,
  expires_at: "2098-01-01T00:00:00.000Z",
  created_at: "2026-01-01T00:00:00.000Z",
  created_by_key_id: null,
  created_by_session_id: null,
};
const free: Partial<Key> = {
  package_ids: null,
  telemetry_events_per_second: null,
  cidrs: [],
  expires_at: null,
};

test("a key exceeds another one by any of its limits", () => {
  assert.equal(exceeds(maker, maker), false);
  assert.equal(exceeds(maker, { ...maker, ...free }), false);
  const less: Partial<Key> = { permissions: ["apps:read"], cidrs: ["192.0.2.64/26"], package_ids: [] };
  assert.equal(exceeds({ ...maker, ...less }, maker), false);
  const more: Partial<Key>[] = [
    { permissions: ["apps:write"] },
    { package_ids: null },
    { package_ids: ["org.ada.other"] },
    { telemetry_events_per_second: 51 },
    { telemetry_events_per_second: null },
    { cidrs: [] },
    { cidrs: ["192.0.2.0/24", "192.0.3.0/24"] },
    { expires_at: "2098-01-01T00:00:00.001Z" },
    { expires_at: null },
  ];
  for (const change of more)
    assert.equal(exceeds({ ...maker, ...change }, maker), true, JSON.stringify(change));
});

test("what is left of a key is what both may do, and a key of which nothing is left is disabled", () => {
  const cut = (key: Partial<Key>, by: Partial<Key> = {}) => cutTo({ ...maker, ...key }, { ...maker, ...by });
  const { cidrs, expires_at, telemetry_events_per_second } = maker;
  const whole = cut({ ...free, permissions: ["apps:read", "apps:write"] });
  const limits = { cidrs, expires_at, telemetry_events_per_second };
  assert.deepEqual(whole, { name: "ci", permissions: ["apps:read"], disabled: false, ...limits });
  const mixed = ["192.0.2.64/26", "2001::/16", "198.51.100.0/24"];
  assert.deepEqual(cut({ cidrs: mixed }).cidrs, ["192.0.2.64/26", "2001:db8::/32"]);
  assert.deepEqual(cut({}, free).cidrs, cidrs);
  for (const nothing of [{ permissions: ["audit:read"] }, { cidrs: ["198.51.100.0/24"] }]) {
    const { disabled, ...left } = cut(nothing);
    assert.equal(disabled, true);
    assert.ok(exceeds({ ...maker, ...left }, maker), "it cannot be enabled as it is");
  }
  assert.equal(cut({ disabled: true, disabled_by_key_id: maker.id }).disabled, false);
  assert.equal(cut({ disabled: true }).disabled, true);
});
