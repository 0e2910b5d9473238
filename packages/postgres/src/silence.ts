import type { ClientBase } from "pg";
import { streamOf } from "./stream.ts";

/** An answer that a server owes, and the time when waiting for it ends. */
interface Wait {
  client: ClientBase;
  giveUpAt: number;
}

const waiting = new Set<Wait>();
const checkEveryMs = 250;
let watch: NodeJS.Timeout | undefined;

/**
 * Notes that the server owes an answer, until `answered` of the result is called. After `withinMs`, or a
 * quarter of a second later, the connection is cut, and the statement on it fails. One timer watches all
 * connections: the driver's `query_timeout` makes a timer for each statement, 8 of the 50 µs that a statement
 * costs.
 */
export function expectAnswer(client: ClientBase, withinMs: number): Wait {
  const wait = { client, giveUpAt: performance.now() + withinMs };
  waiting.add(wait);
  watch ??= setInterval(cutSilent, checkEveryMs).unref();
  return wait;
}

export function answered(wait: Wait): void {
  waiting.delete(wait);
}

function cutSilent(): void {
  const now = performance.now();
  for (const wait of waiting) {
    const { client, giveUpAt } = wait;
    if (now < giveUpAt) continue;
    waiting.delete(wait);
    streamOf(client).destroy(new Error(silenceMessage));
  }
}

export const silenceMessage = "The server does not answer";
