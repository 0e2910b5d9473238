import { ClickHouseError } from "@clickhouse/client";
import { Unavailable } from "@mosis/runtime";

/**
 * ClickHouse refused its input, and would refuse it again: a malformed block, a violated constraint, a wrong
 * query. `code` and `type` are ClickHouse's own, e.g. 117 `INCORRECT_DATA`.
 */
export class ClickHouseRefused extends Error {
  readonly code: number;
  readonly type: string;

  constructor(cause: ClickHouseError) {
    super(`${cause.type ?? "UNKNOWN"} (${cause.code}): ${cause.message.trim()}`, { cause });
    this.name = "ClickHouseRefused";
    this.code = Number(cause.code);
    this.type = cause.type ?? "UNKNOWN";
  }
}

/**
 * ClickHouse cannot be reached, is overloaded, or is not set up as needed. The same request may pass later,
 * so it is never a reason to throw data away.
 */
export class ClickHouseUnavailable extends Unavailable {
  /** ClickHouse's error code; null when there was no answer. */
  readonly code: number | null;

  constructor(cause: unknown) {
    super("The analytical store cannot be used right now. Try again later.", { cause });
    this.name = "ClickHouseUnavailable";
    this.code = cause instanceof ClickHouseError ? Number(cause.code) : null;
  }
}

/** Returns what a failed call of the driver means to its caller. */
export function failureOf(error: unknown): ClickHouseRefused | ClickHouseUnavailable {
  if (!(error instanceof ClickHouseError)) return new ClickHouseUnavailable(error);
  return isPassing(error) ? new ClickHouseUnavailable(error) : new ClickHouseRefused(error);
}

/**
 * Codes that are not about the data sent. All others count as a refusal, unknown ones too: a record that is
 * set aside can be replayed, but one that is retried for ever blocks everything behind it.
 */
const passing = new Set([
  // The server is not set up: no such column, table, database, user or right. A migration or a grant fixes
  // it.
  16, 60, 81, 115, 164, 192, 193, 194, 195, 291, 452, 497, 516, 720,
  // The server has too much to do, or is too slow: time, queries, quota, parts, disk, threads.
  159, 160, 201, 202, 203, 243, 252, 439,
  // The connection broke, or parts of the server are missing: network, keeper, replicas, read-only tables,
  // files.
  74, 75, 76, 107, 198, 209, 210, 225, 236, 242, 279, 285, 286, 319, 394, 425, 999, 1000, 1001, 1002,
]);

const memoryLimitExceeded = "241";
const tooManyParts = "252";

function isPassing({ code, message }: ClickHouseError): boolean {
  // The whole server may be short of memory, which passes. A single query that takes too much would take it
  // again.
  if (code === memoryLimitExceeded) return !/query memory limit|\(for query\)/i.test(message);
  // Parts of the table are merged over time; the partitions of one block stay as many as they are.
  if (code === tooManyParts) return !/partitions for single insert block/i.test(message);
  return passing.has(Number(code));
}
