import assert from "node:assert/strict";
import { test } from "node:test";
import { checksNow, permissionsCheck, type Publishable, publishRefusal } from "./checks.ts";

const published = { version_code: 4, permissions: ["network", "camera"] };

test("permissions that the published version did not ask for are named, dangerous ones as such", () => {
  const told = (permissions: string[]) => {
    const { result, message } = permissionsCheck(permissions, published);
    return `${result}: ${message}`;
  };
  assert.equal(told(["network"]), "pass: It asks for nothing that version 4 did not.");
  assert.equal(told([]), "pass: It asks for nothing that version 4 did not.");
  const added = "warn: It asks for vibration, sms_read (dangerous), which version 4 did not.";
  assert.equal(told(["vibration", "network", "sms_read"]), added);
  assert.match(
    told(["toString", "of_a_later_device"]),
    /toString \(dangerous\), of_a_later_device \(dangerous\)/,
  );
  assert.match(told(Array.from({ length: 100 }, (_, n) => `p${n}`)), /p9 \(dangerous\), 90 more, which/);
});

test("of a first version dangerous permissions alone are worth a look", () => {
  assert.equal(permissionsCheck(["network", "vibration"], null).result, "pass");
  const { result, message } = permissionsCheck(["network", "camera"], null);
  assert.deepEqual([result, message], ["warn", "It asks for camera (dangerous)."]);
});

const facts: Publishable = {
  version_code: 5,
  published_code_max: 4,
  signing_key: "a",
  is_signing_key_active: true,
  pinned_key: "a",
};

test("the checks of what waits follow a revoked key and a newer version, the others stay", () => {
  const stored = checksNow([permissionsCheck([], published)], facts);
  const results = (now: Partial<Publishable>) =>
    checksNow(stored, { ...facts, ...now }).map(({ code, result }) => `${code} ${result}`);
  const rest = "permissions_added pass";
  assert.deepEqual(results({}), ["signature_valid pass", "version_order pass", rest]);
  assert.deepEqual(results({ published_code_max: null })[1], "version_order pass");
  for (const now of [{ is_signing_key_active: false }, { signing_key: null }, { pinned_key: "b" }]) {
    assert.deepEqual(results(now), ["signature_valid fail", "version_order pass", rest]);
    assert.ok(publishRefusal({ ...facts, ...now }));
  }
  assert.deepEqual(results({ published_code_max: 5 }), ["signature_valid pass", "version_order fail", rest]);
  assert.equal(publishRefusal(facts), null);
});
