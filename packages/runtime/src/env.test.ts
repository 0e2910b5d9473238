import assert from "node:assert/strict";
import { test } from "node:test";
import {
  addressRangeList,
  brokerList,
  integer,
  oneOf,
  optionalHeaderName,
  optionalText,
  originList,
  port,
  readEnv,
  text,
  url,
} from "./env.ts";

const spec = {
  NAME: text({ about: "the name." }),
  PORT: port({ about: "the port.", default: 4000 }),
  LEVEL: oneOf({ about: "the level.", values: ["info", "debug"], default: "info" }),
  KEY: optionalText({ about: "the key." }),
  BROKERS: brokerList({ about: "the brokers." }),
  STORE: url({ about: "the store." }),
  HEADER: optionalHeaderName({ about: "the header." }),
  PROXIES: addressRangeList({ about: "the proxies.", default: [] }),
  ORIGINS: originList({ about: "the origins.", default: [] }),
  COUNT: integer({ about: "the count.", min: 1, max: 9, default: 3 }),
};

test("an environment is read into typed values with defaults", () => {
  const ORIGINS = "https://a.org, http://localhost:3000";
  const given = {
    NAME: "a",
    BROKERS: "h:1, i:2",
    STORE: "http://h/",
    COUNT: "9",
    PORT: "",
    ORIGINS,
    PROXIES: "10.0.0.0/8, ::1",
  };
  const values = readEnv(spec, given);
  assert.deepEqual(values, {
    NAME: "a",
    PORT: 4000,
    LEVEL: "info",
    KEY: null,
    BROKERS: ["h:1", "i:2"],
    STORE: "http://h/",
    HEADER: null,
    PROXIES: ["10.0.0.0/8", "::1"],
    ORIGINS: ["https://a.org", "http://localhost:3000"],
    COUNT: 9,
  });
});

test("one error lists every bad variable", () => {
  const bad = { PORT: "70000", LEVEL: "loud", BROKERS: "h", STORE: "nowhere", COUNT: "1.5" };
  const read = () =>
    readEnv(spec, { ...bad, HEADER: "CF IPCountry", ORIGINS: "https://a.org/shop", PROXIES: "10.0.0.0/33" });
  for (const name of ["NAME", "PORT", "LEVEL", "BROKERS", "STORE", "COUNT", "HEADER", "ORIGINS", "PROXIES"]) {
    assert.throws(read, new RegExp(`  ${name} `), name);
  }
});
