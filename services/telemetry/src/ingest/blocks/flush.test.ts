import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import type { Delivery } from "../events/delivery.ts";
import { Flusher } from "./flush.ts";
import { appendDelivery } from "../judging/pipeline.ts";

const hourMs = 3_600_000;

test("a flush goes at once after a pause, waits shortly after another, never when it is full", async () => {
  const { flusher, flushes, acknowledge } = openFlusher({ flushIntervalMs: hourMs });
  send(flusher, 1);
  send(flusher, 1);
  await turn();
  assert.equal(flushes.length, 1, "what came in one turn of the event loop is one flush");
  acknowledge();
  await turn();

  send(flusher, 1);
  await turn();
  send(flusher, 1);
  await turn();
  assert.equal(flushes.length, 1, "the next one waits for more");
  assert.equal(flusher.waiting().requests, 2);

  send(flusher, 200);
  await turn();
  assert.equal(flushes.length, 2, "it is full");
  acknowledge();
  await turn();
  assert.equal(flusher.waiting().requests, 0);
});

test("while a flush is under way everything becomes the next one", async () => {
  const { flusher, flushes, acknowledge } = openFlusher({ flushIntervalMs: 0 });
  send(flusher, 1);
  await turn();
  for (let n = 0; n < 5; n++) {
    send(flusher, 1);
    await turn();
  }
  assert.equal(flushes.length, 1);
  acknowledge();
  await turn();
  await turn();
  assert.equal(flushes.length, 2);
  acknowledge();
  await turn();
  assert.deepEqual(flusher.waiting(), { bytes: 0, requests: 0, sends: 0 });
});

// A topic that was made anew with fewer partitions takes nothing for the others: each send to them fails.
// INVARIANT 3
test("flushes take turns over the partitions that there are now", async () => {
  const { flusher, sentTo, acknowledge, setPartitions } = openFlusher({ flushIntervalMs: 0 });
  const flushTen = async () => {
    sentTo.length = 0;
    for (let n = 0; n < 10; n++) {
      send(flusher, 1);
      await turn();
      acknowledge();
      await turn();
    }
    return new Set(sentTo).size;
  };
  setPartitions(8);
  assert.equal(await flushTen(), 8);
  setPartitions(2);
  await flushTen();
  assert.equal(await flushTen(), 2);
});

// OpenTelemetry's SDKs give up after 10 s, and a flush may wait behind a send that hangs.
test("the time to answer a flush begins with its first request, whatever it waits for", async () => {
  const { flusher, flushes, within, acknowledge } = openFlusher({ flushIntervalMs: 0 });
  send(flusher, 1);
  await turn();
  send(flusher, 1);
  const waitedUntil = performance.now() + 5;
  while (performance.now() < waitedUntil) await turn();
  acknowledge();
  await turn();
  await turn();
  acknowledge();
  await turn();
  assert.equal(flushes.length, 2);
  assert.ok((within[0] ?? 0) <= hourMs && (within[1] ?? 0) <= hourMs - 4, within.join());

  const late = openFlusher({ flushIntervalMs: 0, answerMsMax: 0 });
  appendDelivery(late.flusher, deliveryOf(1));
  const failure = await new Promise<Error | null>((resolve) => late.flusher.commit(resolve));
  assert.match(String(failure), /waited longer than 0 ms/);
  assert.deepEqual([late.flushes.length, late.flusher.waiting().requests], [0, 0]);
});

function openFlusher({
  flushIntervalMs,
  answerMsMax = hourMs,
}: {
  flushIntervalMs: number;
  answerMsMax?: number;
}) {
  let partitions = 1;
  const within: number[] = [];
  const sentTo: number[] = [];
  const flushes: (() => void)[] = [];
  const flusher = new Flusher({
    send([batch], withinMs) {
      within.push(withinMs);
      const partition = batch?.messages[0]?.partition ?? 0;
      sentTo.push(partition);
      return new Promise((resolve) => flushes.push(resolve));
    },
    partitions: () => partitions,
    flushBytesMax: 10_000,
    flushesInFlightMax: 1,
    flushIntervalMs,
    answerMsMax,
    onSent() {},
  });
  const setPartitions = (count: number) => void (partitions = count);
  return { flusher, flushes, sentTo, within, setPartitions, acknowledge: () => flushes.at(-1)?.() };
}

function send(flusher: Flusher, events: number): void {
  appendDelivery(flusher, deliveryOf(events));
  flusher.commit((failure) => assert.equal(failure, null));
}

function deliveryOf(count: number): Delivery {
  const nowMs = Date.now();
  const events = Array.from({ length: count }, () => ({ event_id: randomUUID(), name: "a", time: nowMs }));
  return {
    deliveryId: randomUUID(),
    keyId: randomUUID(),
    appId: randomUUID(),
    batch: { batch_id: randomUUID(), events },
    rules: null,
    receivedAtMs: nowMs,
    clockCorrectionMs: 0,
    bodyBytes: 100,
    eventBytesAtMost: 100 * count,
  };
}
