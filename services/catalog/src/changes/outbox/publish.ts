import { type OutgoingBatch, type Producer, signingBytesMax } from "@mosis/kafka";
import type { Queryable } from "@mosis/postgres";
import { outboxHeaders } from "@mosis/types/topics";
import { deletePublished, type OutgoingRow, quarantineRow, readOutbox } from "./queries.ts";

export interface PublishLimits {
  /** Rows read at once. */
  rowsMax: number;
  /** Rows in one send: kafkajs takes time in the square of it. */
  rowsPerSendMax: number;
  /**
   * Bytes of values and keys in one send, which may all belong to one record batch, which the broker limits.
   */
  bytesPerSendMax: number;
}

interface Deps {
  db: Queryable;
  producer: Pick<Producer, "send">;
  limits: PublishLimits;
  /** @throws when the caller may have lost its place as the only relay. Asked before every send. */
  requirePlace: () => void;
  onPublished: (rows: OutgoingRow[]) => void;
  onQuarantined: (row: OutgoingRow, reason: unknown) => void;
}

/**
 * Publishes the oldest rows and forgets them. In this order, so that a
 * crash anywhere repeats rows and loses none:
 * 1. Read. Nothing is claimed: the caller is the only relay.
 * 2. Send one piece after the other, each acknowledged by all replicas
 * before the next leaves: a later state of an app
 *    must never overtake an earlier one.
 * 3. Delete what was acknowledged, while the next piece is on its way.
 * @returns how many rows were read; 0 when there is nothing to do.
 * @throws what the database or Kafka says. Rows that were not acknowledged stay.
 */
export async function publishOutbox(deps: Deps): Promise<number> {
  const { db, limits } = deps;
  const rows = await readOutbox(db, limits.rowsMax);
  let deleting: Promise<unknown> = Promise.resolve();
  for (const piece of piecesOf(rows, limits)) {
    // Both must have ended before anything is thrown, or the next
    // round would read rows that are being deleted.
    const [sent, deleted] = await Promise.allSettled([publishPiece(deps, piece), deleting]);
    if (sent.status === "rejected") throw sent.reason;
    if (deleted.status === "rejected") throw deleted.reason;
    deleting = deletePublished(db, sent.value);
  }
  await deleting;
  return rows.length;
}

/**
 * Sends rows in their order. When Kafka refuses, halves are sent apart until the row is alone that it does
 * not want: that one is put aside, and never in the way of the others.
 * @returns the positions that were acknowledged.
 */
async function publishPiece(deps: Deps, rows: OutgoingRow[]): Promise<number[]> {
  // Whoever took over sends these rows too, and then newer ones: ours must not arrive behind those.
  deps.requirePlace();
  try {
    await deps.producer.send(batchesOf(rows));
    deps.onPublished(rows);
    return rows.map((row) => row.position);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    const [row] = rows;
    if (rows.length === 1 && row) {
      await quarantineRow(deps.db, row.position, String(error));
      deps.onQuarantined(row, error);
      return [];
    }
    const middle = rows.length >>> 1;
    const first = await publishPiece(deps, rows.slice(0, middle));
    const second = await publishPiece(deps, rows.slice(middle));
    return [...first, ...second];
  }
}

function batchesOf(rows: OutgoingRow[]): OutgoingBatch[] {
  return [...Map.groupBy(rows, (row) => row.topic)].map(([topic, group]) => ({
    topic,
    messages: group.map(({ record_key, payload, position }) => ({
      key: record_key,
      value: payload,
      headers: { [outboxHeaders.position]: String(position) },
    })),
  }));
}

function* piecesOf(rows: OutgoingRow[], limits: PublishLimits): Generator<OutgoingRow[]> {
  let piece: OutgoingRow[] = [];
  let bytes = 0;
  for (const row of rows) {
    const size = Buffer.byteLength(row.payload ?? "") + row.record_key.length + recordOverheadBytes;
    if (
      piece.length > 0 &&
      (piece.length >= limits.rowsPerSendMax || bytes + size > limits.bytesPerSendMax)
    ) {
      yield piece;
      piece = [];
      bytes = 0;
    }
    piece.push(row);
    bytes += size;
  }
  if (piece.length > 0) yield piece;
}

/** Lengths, attributes and deltas of a record in Kafka's format, generously, and its signature. */
const recordOverheadBytes = 32 + signingBytesMax;

/** What brokers say when a record, not the moment, is wrong. Sending it again would not help. */
const refusals = new Set([
  "MESSAGE_TOO_LARGE",
  "RECORD_LIST_TOO_LARGE",
  "INVALID_RECORD",
  "INVALID_TIMESTAMP",
]);

function isRefusal(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { type } = error as { type?: unknown };
  return (typeof type === "string" && refusals.has(type)) || isRefusal(error.cause);
}
