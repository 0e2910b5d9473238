import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { IncomingBatch, Outcome } from "../src/ingest/events/delivery.ts";
import { Flusher, flushLimits } from "../src/ingest/blocks/flush.ts";
import { appendDelivery } from "../src/ingest/judging/pipeline.ts";
import { requests } from "./generated-logs.ts";
import { fixed64, joined, lengthDelimited, number } from "./wire-fields.ts";
import { BeyondLimit, Budget, NotDecodable } from "../src/ingest/protocols/otlp/logs.ts";
import { batchesOf } from "../src/ingest/protocols/otlp/mapping.ts";
import { decodeRequest } from "../src/ingest/protocols/otlp/protobuf.ts";
import { scanRequest } from "../src/ingest/protocols/otlp/scan.ts";

const runs = 300;
const receivedAtMs = Date.UTC(2026, 10, 30, 12);

/**
 * Asserts that a request is read the same both ways. @returns whether it was scanned.
 */
function assertSame(body: Buffer): boolean {
  const scanned = scanRequest(body);
  if (scanned === null) return false;
  const mapped = batchesOf(decodeRequest(body, new Budget()));
  assert.deepEqual(scanned.batches.map(withoutEvents), mapped.map(withoutEvents));
  const stored = storedOf(scanned.batches, scanned.eventBytesAtMost);
  assert.deepEqual(stored, storedOf(mapped, Number.POSITIVE_INFINITY));
  for (const [n, { events }] of scanned.batches.entries()) {
    const objects = Array.from({ length: events.length }, (_, i) => events.at(i));
    // As text, for the order of properties.
    assert.equal(JSON.stringify(objects), JSON.stringify(mapped[n]?.events));
  }
  const written = mapped.reduce((sum, { events }) => sum + Buffer.byteLength(JSON.stringify(events)), 0);
  assert.ok(written <= scanned.eventBytesAtMost + 2, `${written} bytes of events`);
  return true;
}

function withoutEvents({ events, ...rest }: IncomingBatch) {
  return { ...rest, count: events.length };
}

// One for all, for it has room for a thousand rows. Nothing is cut, so that both ways make the same blocks.
const flusher = new Flusher({
  ...flushLimits,
  flushBytesMax: 1e9,
  send: async () => {},
  partitions: () => 1,
  onSent() {},
});

/** What is sent to Kafka of these batches, byte for byte, and what becomes of each event. */
function storedOf(batches: readonly IncomingBatch[], eventBytesAtMost: number) {
  const id = "00000000-0000-4000-8000-000000000001";
  const results = batches.map((batch): Outcome => {
    const ids = { appId: id, keyId: id, deliveryId: id };
    const outcome = appendDelivery(flusher, {
      batch,
      ...ids,
      rules: null,
      receivedAtMs,
      clockCorrectionMs: 0,
      bodyBytes: 0,
      eventBytesAtMost,
    });
    // Warnings come with the slice of their events.
    outcome.results.sort((a, b) => a.index - b.index || a.result.localeCompare(b.result));
    return outcome;
  });
  return { results, parts: flusher.blocks.take(0, true) };
}

/** Why a request is refused, null when it is not. */
function refusalOf(body: Buffer): string | null {
  try {
    batchesOf(decodeRequest(body, new Budget()));
    return null;
  } catch (error) {
    if (error instanceof BeyondLimit || error instanceof NotDecodable) return error.message;
    throw error;
  }
}

/** Asserts that of so many requests at least these parts are scanned, and refused. */
function assertMany(bodies: fc.Arbitrary<Buffer>, least: { scanned: number; refused: number }): void {
  let scanned = 0;
  let refused = 0;
  fc.assert(
    fc.property(bodies, (body) => {
      if (refusalOf(body) === null) {
        if (assertSame(body)) scanned++;
      } else {
        refused++;
        assert.equal(scanRequest(body), null);
      }
    }),
    { numRuns: runs },
  );
  assert.ok(scanned >= least.scanned * runs, `only ${scanned} of ${runs} requests were scanned`);
  assert.ok(refused >= least.refused * runs, `only ${refused} of ${runs} requests had to be refused`);
}

// INVARIANT 9
test("what is scanned is stored as what is decoded and mapped", () => {
  assertMany(requests.usual, { scanned: 0.6, refused: 0 });
});

test("odd requests are scanned as what is decoded, or not at all", () => {
  assertMany(requests.odd, { scanned: 0.4, refused: 0 });
});

test("a damaged request is never scanned as something that the decoder does not see", () => {
  assertMany(requests.damaged, { scanned: 0.05, refused: 0.3 });
});

test("a large request is scanned whole, and one over a limit is left to the decoder", () => {
  // Equal ones among others, and more than a batch has.
  const many = Array.from({ length: 2500 }, (_, n) => {
    return joined([time, lengthDelimited(12, Buffer.from(n % 3 === 0 ? "tick" : `n${n}`))]);
  });
  assert.ok(assertSame(requestOf(many)));
  // As many properties as an event may have, and more.
  for (let count = 58; count <= 66; count++)
    assert.ok(assertSame(requestOf([attributesOf(count, "k", one)])), `${count}`);
  const record = attributesOf(64, "k", none);
  const beyond = {
    "too many log records": requestOf(Array.from({ length: 10_001 }, () => time)),
    "too many values": requestOf(Array.from({ length: 4000 }, () => record)),
    "too many different keys": requestOf(
      Array.from({ length: 320 }, (_, n) => attributesOf(64, `k${n}_`, none)),
    ),
    "too many scopes": lengthDelimited(
      1,
      joined(Array.from({ length: 10_001 }, () => lengthDelimited(2, none))),
    ),
    "too many resources": joined(Array.from({ length: 1001 }, () => lengthDelimited(1, none))),
    "too many unknown fields": lengthDelimited(
      1,
      joined(Array.from({ length: 100_001 }, () => lengthDelimited(3, none))),
    ),
  };
  for (const [why, body] of Object.entries(beyond)) {
    assert.match(refusalOf(body) ?? "", new RegExp(why));
    assert.equal(scanRequest(body), null, why);
  }
});

test("a number that goes on with the key of a field, and the first ns of 1970, are read whole", () => {
  const body = lengthDelimited(5, lengthDelimited(1, Buffer.from("text")));
  // The keys of every field that a record has.
  for (const key of [0x09, 0x10, 0x1a, 0x2a, 0x32, 0x38, 0x45, 0x4a, 0x52, 0x59, 0x62]) {
    for (const low of [0, 1, 127]) {
      const value = BigInt(key * 128 + low);
      assert.ok(
        assertSame(requestOf([joined([time, number(2, value), body, number(7, value)])])),
        `${value}`,
      );
    }
  }
  const observed = fixed64(11, BigInt(receivedAtMs) * 1_000_000n);
  for (const ns of [0n, 1n, 999_999n, 1_000_000n]) {
    assertSame(requestOf([joined([fixed64(1, ns), observed, body])]));
    assertSame(requestOf([joined([observed, fixed64(1, ns), body])]));
  }
});

const none = Buffer.alloc(0);
const one = Buffer.from([0x18, 1]);
const time = fixed64(1, BigInt(receivedAtMs) * 1_000_000n);

function attributesOf(count: number, key: string, value: Buffer): Buffer {
  const pairs = Array.from({ length: count }, (_, n) => {
    const pair = [lengthDelimited(1, Buffer.from(`${key}${n}`)), lengthDelimited(2, value)];
    return lengthDelimited(6, joined(pair));
  });
  return joined([time, ...pairs]);
}

function requestOf(records: readonly Buffer[]): Buffer {
  const scope = lengthDelimited(2, joined(records.map((record) => lengthDelimited(2, record))));
  return lengthDelimited(1, scope);
}
