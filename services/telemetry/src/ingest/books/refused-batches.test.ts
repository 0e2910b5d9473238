import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { createLogger } from "@mosis/runtime";
import { recordHeaders } from "@mosis/types/topics";
import { Flusher, flushLimits } from "../blocks/flush.ts";
import { countRefusals } from "./refused-batches.ts";

const minute = Date.UTC(2026, 10, 1);

// Guards: a count that Kafka may have already goes again as the same rows, which fall onto each other.
// INVARIANT 8
test("counts whose send failed go again as the same rows, and later ones as others", async () => {
  const { refusals, sent, fail } = openRefusals();
  const app = randomUUID();
  for (let i = 0; i < 3; i++) refusals.count(app, "batch_invalid", minute + i);
  refusals.count(null, "credentials_invalid", minute);
  assert.equal(refusals.waiting(), 2);
  fail(true);
  await refusals.close();
  refusals.count(app, "batch_invalid", minute);
  assert.equal(refusals.waiting(), 3);
  fail(false);
  await refusals.close();
  assert.equal(refusals.waiting(), 0);
  const [first, again, later] = sent;
  assert.deepEqual(again, first);
  assert.notDeepEqual(later, first);
  assert.equal(sent.length, 3);
});

test("counts are bounded: beyond, apps and minutes are one, and a flush stays small", async () => {
  const { refusals, sent } = openRefusals();
  for (let i = 0; i < 20_000; i++) refusals.count(randomUUID(), "batch_invalid", minute);
  for (let i = 0; i < 20_000; i++) refusals.count(null, "unavailable", minute + i * 60_000);
  assert.equal(refusals.waiting(), 5002);
  await refusals.close();
  assert.equal(sent.length, 3);
  for (const block of sent) assert.ok(block.length < 200_000, `${block.length} bytes`);
});

/** Over a real flusher, with a send that can fail. */
function openRefusals() {
  const sent: Buffer[] = [];
  let failing = false;
  const flusher = new Flusher({
    ...flushLimits,
    partitions: () => 1,
    async send(batches) {
      sent.push(batches[0]?.messages[0]?.headers?.[recordHeaders.outcomes] as Buffer);
      if (failing) throw new Error("not acknowledged");
    },
    onSent() {},
  });
  const log = createLogger({ service: "test", level: "silent" });
  const refusals = countRefusals({ flusher, log, intervalMs: 1_000_000 });
  return { refusals, sent, fail: (yes: boolean) => (failing = yes) };
}
