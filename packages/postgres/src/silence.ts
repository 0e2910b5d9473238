import type { ClientBase, Connection } from "pg";

/** Connections whose server owes an answer, with when we stop waiting for it. */
const waiting = new Map<ClientBase, number>();
const checkEveryMs = 250;
let watch: NodeJS.Timeout | undefined;

/**
 * From now on the server owes an answer, until `answered`. After `withinMs`, or a quarter of a second later,
 * the connection is cut, and what runs on it fails. One timer watches all connections: `query_timeout` of the
 * driver makes one for each statement, 8 of the 50 µs that a statement costs.
 */
export function expectAnswer(client: ClientBase, withinMs: number): void {
  waiting.set(client, performance.now() + withinMs);
  watch ??= setInterval(cutSilent, checkEveryMs).unref();
}

export function answered(client: ClientBase): void {
  waiting.delete(client);
}

function cutSilent(): void {
  const now = performance.now();
  for (const [client, giveUpAt] of waiting) {
    if (now < giveUpAt) continue;
    waiting.delete(client);
    (client as ClientBase & { connection: Connection }).connection.stream.destroy(new Error(silenceMessage));
  }
}

export const silenceMessage = "The server does not answer";
