import assert from "node:assert/strict";
import type { BatchAccepted, EventResult } from "@mosis/types/telemetry";
import { correctionOf, cutKeys, faultsOf, stored, type Told } from "./contract.ts";

/** An acknowledged request: what was sent, what was answered, and what else its rows hold. */
export interface Delivered extends Told {
  answer: Pick<BatchAccepted, "accepted" | "rejected"> & { results: readonly EventResult[] };
  keyId: string;
  bodyBytes: number;
}

/** The events of a request that were taken. */
export function acceptedOf({ batch, answer }: Delivered): unknown[] {
  const dropped = new Set(answer.results.filter(({ result }) => result === "drop").map(({ index }) => index));
  return batch.events.filter((_, index) => !dropped.has(index));
}

/** That an answer is what the contract says of every event, and of nothing else. */
export function assertAnswer(delivered: Delivered): void {
  const { batch, answer } = delivered;
  const drops = answer.results.filter(({ result }) => result === "drop");
  const codes = new Map(drops.map(({ index, code }) => [index, code]));
  assert.equal(drops.length, answer.rejected);
  assert.equal(answer.accepted + answer.rejected, batch.events.length);
  for (const [index, event] of batch.events.entries()) {
    const faults = faultsOf(event, delivered);
    const code = codes.get(index);
    const isRight = code === undefined ? faults.size === 0 : faults.has(code);
    assert.ok(
      isRight,
      `event ${index} is ${code ?? "taken"}, not ${[...faults].join(", ")}: ${JSON.stringify(event)}`,
    );
  }
  const warnings = answer.results.filter(({ result }) => result === "warning");
  // Half a surrogate pair in a key may be answered as it came or as it is stored.
  const told = warnings.map(({ index, code, pointer }) => `${index} ${code} ${stored(pointer)}`);
  assert.deepEqual(told.toSorted(), warningsOf(delivered, codes).toSorted());
}

function warningsOf(delivered: Delivered, dropped: Map<number, string>): string[] {
  const taken = delivered.batch.events.flatMap((event, index) =>
    dropped.has(index) ? [] : [{ event, index }],
  );
  const cuts = taken.flatMap(({ event, index }) => {
    const [key] = cutKeys(event);
    return key === undefined ? [] : [`${index} string_truncated /properties/${token(stored(key))}`];
  });
  const [first] = taken;
  const isCorrected = first !== undefined && correctionOf(delivered) !== 0;
  return isCorrected ? [...cuts, `${first.index} clock_corrected /time`] : cuts;
}

function token(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}
