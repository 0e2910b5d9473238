import assert from "node:assert/strict";
import { test } from "node:test";
import { batchBounds, isBeyond, otlpBounds } from "./json-bounds.ts";

const beyond = (text: string, bounds = batchBounds) => isBeyond(Buffer.from(text), bounds);
const list = (item: (index: number) => string, count: number) =>
  `[${Array.from({ length: count }, (_, index) => item(index)).join(",")}]`;
const object = (keys: readonly string[]) => `{${keys.map((key) => `"${key}":1`).join(",")}}`;

// INVARIANT 10
test("what JSON.parse would take long for is beyond the bounds, whatever it is made of", () => {
  const many = 130_000;
  const hostile = {
    commas: list(() => "1", many),
    lists: list(() => "[]", many),
    objects: list(() => "{}", many),
    levels: "[".repeat(25_000) + "]".repeat(25_000),
    "levels of objects": `${'{"a":'.repeat(25_000)}1${"}".repeat(25_000)}`,
    "keys in one object": object(Array.from({ length: 60_000 }, (_, n) => `k${n}`)),
    "keys in many objects": list((n) => object(Array.from({ length: 40 }, (_, k) => `k${n} ${k}`)), 1000),
    "keys in random order": list((n) => object(shuffled(n)), 1500),
    "commas behind a text with an escaped quote": `["\\"",${"1,".repeat(many)}1]`,
    "commas behind a text that does not end": `${list(() => "1", many)}"`,
  };
  for (const [name, text] of Object.entries(hostile)) assert.ok(beyond(text), name);
});

test("what apps send is within the bounds, with any text", () => {
  const properties = object(Array.from({ length: 64 }, (_, k) => `k${k}`));
  const event = (n: number) => `{"event_id":"${n}","name":"a","time":1,"properties":${properties}}`;
  const commas = `"${"',[{:".repeat(50_000)}"`;
  const apps = {
    "the largest batch": `{"batch_id":"1","events":${list(event, 1000)}}`,
    "commas in texts": `{"events":${list(() => `{"a":${commas}}`, 10)}}`,
    "small batches of which each event has keys of its own": list((n) => object([`k${n}`, `l${n}`]), 1000),
    nothing: "",
    "half a text": '"',
    "half an escape": '"\\',
  };
  for (const [name, text] of Object.entries(apps)) assert.ok(!beyond(text), name);
  assert.ok(
    !beyond(
      list(() => '{"key":"a","value":{"intValue":"1"}}', 100_000),
      otlpBounds,
    ),
  );
});

/** Sixty-four keys in an order of their own. */
function shuffled(seed: number): string[] {
  const keys = Array.from({ length: 64 }, (_, n) => `k${n}`);
  let state = seed + 1;
  return keys.toSorted(() => {
    state = Math.imul(state, 1_103_515_245) + 12_345;
    return state >> 16;
  });
}
