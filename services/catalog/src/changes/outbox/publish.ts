import { type OutgoingBatch, type Producer, signingBytesMax } from "@mosis/kafka";
import type { Queryable } from "@mosis/postgres";
import { outboxHeaders } from "@mosis/types/topics";
import { deletePublished, type OutgoingRow, quarantineRow, readOutbox } from "./queries.ts";

export interface PublishLimits {
  /** The number of rows that are read at once. */
  rowsMax: number;
  /** The number of rows in one send: the time of kafkajs grows with the square of it. */
  rowsPerSendMax: number;
  /**
   * The bytes of values and keys in one send. They may all belong to one record batch, whose size the broker
   * limits.
   */
  bytesPerSendMax: number;
}

interface Deps {
  db: Queryable;
  producer: Pick<Producer, "send">;
  limits: PublishLimits;
  /**
   * Checks that the caller is still the only relay; it is called before every send.
   * @throws when the caller may have lost that place.
   */
  requirePlace: () => void;
  onPublished: (rows: OutgoingRow[]) => void;
  onQuarantined: (row: OutgoingRow, reason: unknown) => void;
}

/**
 * Publishes the oldest rows and deletes them. The order of the steps lets a crash repeat rows, but lose none:
 * 1. Read. Nothing is claimed: the caller is the only relay.
 * 2. Send one piece after the other, each acknowledged by all replicas before the next is sent: a later state
 *    of an app must never overtake an earlier one.
 * 3. Delete the acknowledged rows, while the next piece is on its way.
 * @returns the number of rows read; 0 when there is nothing to do.
 * @throws the error of the database or Kafka. Rows that were not acknowledged stay.
 */
export async function publishOutbox(deps: Deps): Promise<number> {
  const { db, limits } = deps;
  const rows = await readOutbox(db, limits.rowsMax);
  let deleting: Promise<unknown> = Promise.resolve();
  for (const piece of piecesOf(rows, limits)) {
    // Both must end before anything is thrown; otherwise the next round would read rows that are being
    // deleted.
    const [sent, deleted] = await Promise.allSettled([publishPiece(deps, piece), deleting]);
    if (sent.status === "rejected") throw sent.reason;
    if (deleted.status === "rejected") throw deleted.reason;
    deleting = deletePublished(db, sent.value);
  }
  await deleting;
  return rows.length;
}

/**
 * Sends rows in their order. When Kafka refuses a piece, its halves are sent apart until the refused row is
 * found: that row is put aside, so that it does not block the others.
 * @returns the positions that were acknowledged.
 */
async function publishPiece(deps: Deps, rows: OutgoingRow[]): Promise<number[]> {
  // A relay that took over sends these rows too, and then newer ones: ours must not arrive after those.
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

/**
 * The lengths, attributes and deltas of a record in Kafka's format, generously counted, and its signature.
 */
const recordOverheadBytes = 32 + signingBytesMax;

/** The errors with which brokers refuse a record for good. Sending it again would not help. */
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
