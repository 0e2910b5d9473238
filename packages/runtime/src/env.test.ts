import assert from "node:assert/strict";
import { test } from "node:test";
import { brokerList, integer, oneOf, optionalText, port, readEnv, text, url } from "./env.ts";

const spec = {
  NAME: text({ about: "the name." }),
  PORT: port({ about: "the port.", default: 4000 }),
  LEVEL: oneOf({ about: "the level.", values: ["info", "debug"], default: "info" }),
  KEY: optionalText({ about: "the key." }),
  BROKERS: brokerList({ about: "the brokers." }),
  STORE: url({ about: "the store." }),
  COUNT: integer({ about: "the count.", min: 1, max: 9, default: 3 }),
};

test("an environment is read into typed values with defaults", () => {
  const values = readEnv(spec, { NAME: "a", BROKERS: "h:1, i:2", STORE: "http://h/", COUNT: "9", PORT: "" });
  assert.deepEqual(values, {
    NAME: "a",
    PORT: 4000,
    LEVEL: "info",
    KEY: null,
    BROKERS: ["h:1", "i:2"],
    STORE: "http://h/",
    COUNT: 9,
  });
});

test("one error lists every bad variable", () => {
  const read = () =>
    readEnv(spec, { PORT: "70000", LEVEL: "loud", BROKERS: "h", STORE: "nowhere", COUNT: "1.5" });
  for (const name of ["NAME", "PORT", "LEVEL", "BROKERS", "STORE", "COUNT"]) {
    assert.throws(read, new RegExp(`  ${name} `), name);
  }
});
