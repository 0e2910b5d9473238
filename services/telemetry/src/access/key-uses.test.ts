import assert from "node:assert/strict";
import { test } from "node:test";
import type { OutgoingBatch } from "@mosis/kafka";
import { createLogger } from "@mosis/runtime";
import type { KeyUseRecord } from "@mosis/types/key-uses";
import { KeyUses, publishKeyUses } from "./key-uses.ts";

const log = createLogger({ service: "test", level: "silent" });

test("what was used is told once, in records of ten thousand keys", () => {
  const uses = new KeyUses();
  for (let n = 0; n < 10_001; n++) uses.note(`key ${n % 10_001}`, n);
  uses.note("key 7", 20_000);
  const first = uses.take()?.used_at ?? {};
  const second = uses.take()?.used_at ?? {};
  assert.deepEqual([Object.keys(first).length, Object.keys(second).length], [10_000, 1]);
  assert.equal(first["key 7"], 20_000);
  assert.equal(uses.take(), null);
});

test("what Kafka did not take is told again, with what came meanwhile, and the rest at the end", async () => {
  const uses = new KeyUses();
  const sent: KeyUseRecord[] = [];
  let away = true;
  const producer = {
    async send(batches: OutgoingBatch[]) {
      if (away) throw new Error("Kafka is away");
      for (const { value } of batches.flatMap(({ messages }) => messages)) {
        sent.push(JSON.parse(String(value)) as KeyUseRecord);
      }
    },
  };
  const failing = publishKeyUses({ uses, producer, log, intervalMs: 3_600_000 });
  uses.note("a", 5);
  await failing.close();
  uses.note("b", 6);
  away = false;
  const telling = publishKeyUses({ uses, producer, log, intervalMs: 3_600_000 });
  await telling.close();
  assert.deepEqual(sent, [{ used_at: { a: 5, b: 6 } }]);
});
