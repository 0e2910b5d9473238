import assert from "node:assert/strict";
import { test } from "node:test";
import { permissionDiff } from "./permission-diff.ts";

const explained = (...names: string[]) => names.map((name) => ({ name }));

test("a diff tells what is new and what is gone, and what of the new is dangerous", () => {
  const before = { version_code: 3, permissions: ["network", "camera"] };
  const now = { version_code: 5, permissions: ["storage", "microphone", "network", "made.up"] };
  const { added, removed, ...rest } = permissionDiff(now, before);
  assert.deepEqual(rest, { version_code: 5, against: 3, dangerous_added: ["made.up", "microphone"] });
  assert.deepEqual(
    added.map(({ name }) => ({ name })),
    explained("made.up", "microphone", "storage"),
  );
  assert.deepEqual(removed, [
    { name: "camera", allows: "Take pictures and videos at any time.", dangerous: true },
  ]);
  assert.equal(added[0]?.allows, null);
});

test("before the first version there is nothing, and a name of JavaScript is only a name", () => {
  const { against, added } = permissionDiff({ version_code: 1, permissions: ["constructor"] }, null);
  assert.equal(against, null);
  assert.deepEqual(added, [{ name: "constructor", allows: null, dangerous: true }]);
});
