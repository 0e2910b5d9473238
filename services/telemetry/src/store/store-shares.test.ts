import assert from "node:assert/strict";
import { test } from "node:test";
import type { ClickHouse } from "@mosis/clickhouse";
import { createStoreOf } from "./store-shares.ts";

// INVARIANT 62
test("an account's calls of ClickHouse wait for each other, and so do those of its public keys", async () => {
  const limits = {
    slotsMax: 3,
    slotsPerKeyMax: 1,
    waitingMax: 10,
    waitingPerKeyMax: 10,
    waitMsMax: 60_000,
  };
  const storeOf = createStoreOf({} as ClickHouse, limits);
  const running: string[] = [];
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  const call = async (developerId: string, kind: "ingest" | "management") =>
    storeOf({ developerId, kind }).turn?.(() => {
      running.push(`${developerId} ${kind}`);
      return ended;
    });
  const calls = [
    call("a", "management"),
    call("a", "management"),
    call("a", "ingest"),
    call("a", "ingest"),
    call("b", "management"),
  ];
  assert.deepEqual(running, ["a management", "a ingest", "b management"]);
  end();
  await Promise.all(calls);
  assert.equal(running.length, 5);
});
