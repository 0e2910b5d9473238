import { Unavailable } from "@mosis/runtime";
import { silenceMessage } from "./silence.ts";

/** SQLSTATEs that are not about the statement: the same statement may succeed later, or on another server. */
const passingStates = new Set([
  "25006", // read-only transaction: this was the primary before a failover
  "25P03", // idle in transaction for too long
  "40001", // serialization failure
  "40P01", // deadlock
  "55P03", // lock timeout
  "57014", // statement timeout
  "57P01", // shut down by an administrator
  "57P02", // crash of another backend
  "57P03", // starting up or shutting down
  "57P05", // idle session timeout
]);

const networkCodes = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EPIPE",
  "ETIMEDOUT",
]);

/** Messages, without a code, of `pg` and `pg-pool` about connections and their own timeouts. */
const driverMessages = [
  "Connection terminated",
  "timeout exceeded when trying to connect",
  "timeout expired",
  silenceMessage,
  "Client was closed",
  "Client has encountered a connection error",
];

/** Returns the error to throw: `Unavailable` when PostgreSQL, and not the statement, is the cause. */
export function asFailure(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof Unavailable) return error;
  const code = sqlState(error) ?? "";
  const isPassing =
    passingStates.has(code) ||
    networkCodes.has(code) ||
    // Classes: connection exception, insufficient resources (connections, memory, disk).
    /^(08|53)...$/.test(code) ||
    driverMessages.some((start) => error.message.startsWith(start));
  if (!isPassing) return error;
  return new Unavailable("The database cannot take this request now. Try again later.", { cause: error });
}

/**
 * Returns true for serialization failures and deadlocks: the transaction did nothing, and can simply run
 * again.
 */
export function isWorthRerunning(error: unknown): boolean {
  const cause = error instanceof Unavailable ? error.cause : error;
  const code = sqlState(cause);
  return code === "40001" || code === "40P01";
}

/** Returns true when a statement would have put a duplicate into one of these unique indexes. */
export function isDuplicate(error: unknown, ...indexes: string[]): boolean {
  const constraint = (error as { constraint?: unknown } | null | undefined)?.constraint;
  return sqlState(error) === "23505" && indexes.some((index) => index === constraint);
}

/** Returns true when a statement would have left a row that refers to a deleted one. */
export function isOrphan(error: unknown, constraint: RegExp): boolean {
  const { constraint: name } = (error ?? {}) as { constraint?: unknown };
  return sqlState(error) === "23503" && typeof name === "string" && constraint.test(name);
}

function sqlState(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === "string" ? code : undefined;
}
