import assert from "node:assert/strict";
import { test } from "node:test";
import { integer, oneOf, optionalText, originList, text } from "@mosis/runtime";
import { variableRows } from "./variables.ts";

const level = oneOf({ about: "The level.", values: ["info", "debug"], default: "info" });
const store = text({ about: "The store." });

test("a variable has one row, with its readers, its default, its values and its help", () => {
  const rows = variableRows({ api: { LEVEL: level, STORE: store }, relay: { LEVEL: level } });
  assert.deepEqual(rows, [
    ["`LEVEL`", "all", "`info`", "info, debug", "The level."],
    ["`STORE`", "api", "must be set", "", "The store."],
  ]);
});

test("those that most processes read come first", () => {
  const rows = variableRows({ api: { STORE: store, LEVEL: level }, relay: { LEVEL: level }, writer: {} });
  assert.deepEqual(
    rows.map(([name, readers]) => [name, readers]),
    [
      ["`LEVEL`", "api, relay"],
      ["`STORE`", "api"],
    ],
  );
});

test("a variable with another default in another process has a row for each", () => {
  const count = (byDefault: number) => integer({ about: "The count.", min: 1, max: 9, default: byDefault });
  const rows = variableRows({ api: { COUNT: count(3) }, relay: { COUNT: count(4) } });
  assert.deepEqual(rows, [
    ["`COUNT`", "api", "`3`", "1 to 9", "The count."],
    ["`COUNT`", "relay", "`4`", "1 to 9", "The count."],
  ]);
});

test("a variable that may stay unset is shown apart from one that must be set", () => {
  const origins = originList({ about: "The origins.", default: [] });
  const rows = variableRows({
    api: { KEY: optionalText({ about: "The key." }), ORIGINS: origins },
    relay: {},
  });
  assert.deepEqual(
    rows.map(([, , byDefault]) => byDefault),
    ["–", "–"],
  );
});
