import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { hasSquashedHistory, readRemadeFiles } from "./schema-files.ts";

test("a file has two parts in their order, and another checksum after a change or a migration", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "mosis-schema-files-"));
  t.after(() => rm(folder, { recursive: true }));
  const read = async (last: string) => (await readRemadeFiles(folder, last))[0];
  assert.deepEqual(await readRemadeFiles(join(folder, "nowhere"), "0001_a"), []);
  await writeFile(join(folder, "a.sql"), "-- Create\ncreate a;\n-- Drop\ndrop a;\n");
  const first = await read("0001_a");
  assert.deepEqual(
    [first?.name, first?.create, first?.drop],
    ["a", "-- Create\ncreate a;", "-- Drop\ndrop a;\n"],
  );
  assert.deepEqual(await read("0001_a"), first);
  assert.notEqual((await read("0002_b"))?.checksum, first?.checksum);
  await writeFile(join(folder, "a.sql"), "-- Create\ncreate b;\n-- Drop\ndrop a;\n");
  assert.notEqual((await read("0001_a"))?.checksum, first?.checksum);
  for (const text of ["create a;\n-- Drop\n", "-- Drop\n-- Create\n", "-- Create\n"]) {
    await writeFile(join(folder, "a.sql"), text);
    await assert.rejects(read("0001_a"), /a\.sql does not have the lines "-- Create" and then "-- Drop"/);
  }
});

test("a database has a squashed history as a whole, has nothing of it, or hears what to run first", () => {
  const squashed = { first: "0006_a", last: "0009_d", into: "0007_x", commit: "abcdef0" };
  assert.equal(hasSquashedHistory(squashed, []), false);
  assert.equal(hasSquashedHistory(squashed, ["0001_k", "0006_x", "0007_x"]), false);
  assert.equal(hasSquashedHistory(squashed, ["0001_k", "0006_a", "0009_d"]), true);
  for (const part of [["0006_a"], ["0001_k", "0006_a", "0008_c"], ["0006_a", "0009_d", "0010_e"]]) {
    assert.throws(
      () => hasSquashedHistory(squashed, part),
      new RegExp(`up to ${part.at(-1)}, .* commit abcdef0 first, which brings it to 0009_d`),
    );
  }
});
