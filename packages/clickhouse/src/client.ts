import { type ClickHouseClient, ClickHouseLogLevel, createClient } from "@clickhouse/client";
import type { Logger } from "@mosis/runtime";
import { failureOf } from "./failure.ts";

export interface ClickHouseConfig {
  /** `http://user:password@host:port/database`. The default database is `mosis`. */
  url: string;
  log: Logger;
  /** Timeout of one call, from the first byte to the last. */
  requestTimeoutMs: number;
  /** Queries that take this long or longer are reported to `onSlowQuery`. Default 250 ms. */
  slowQueryMsMin?: number;
  onSlowQuery?: (query: SlowQuery) => void;
}

/** A slow query. Its text contains no values. */
export interface SlowQuery {
  statement: string;
  duration_ms: number;
}

/** A connection pool to one database. The functions of this package work on it. */
export interface ClickHouse {
  database: string;
  requestTimeoutMs: number;
  /** The driver beneath, only for the files of this package. */
  client: ClickHouseClient;
  /**
   * Runs each call when its turn has come, so that callers share the connections. Without it a call runs at
   * once.
   */
  turn?: <T>(work: () => Promise<T>) => Promise<T>;
  /** Records the duration of a query; only for the files of this package. */
  queried(sql: string, duration_ms: number): void;
  /**
   * Runs a statement that returns no rows.
   * @param params Values of `{name:Type}`, never part of the SQL.
   * @throws ClickHouseRefused, ClickHouseUnavailable.
   */
  command(sql: string, params?: Readonly<Record<string, unknown>>): Promise<void>;
  /** @throws ClickHouseUnavailable when no query can be answered; ClickHouseRefused never. */
  health(): Promise<void>;
  close(): Promise<void>;
}

const defaultDatabase = "mosis";
/** The number of connections of one pool. */
export const connectionsMax = 16;

/** Opens a pool that connects at the first call, so opening never fails. */
export function openClickHouse(config: ClickHouseConfig): ClickHouse {
  const { url, log, requestTimeoutMs, slowQueryMsMin = 250, onSlowQuery } = config;
  const { origin, username, password, pathname } = new URL(url);
  const database = decodeURIComponent(pathname.slice(1)) || defaultDatabase;
  const client = createClient({
    url: origin,
    username: decodeURIComponent(username),
    password: decodeURIComponent(password),
    database,
    application: (log.bindings()["service"] as string | undefined) ?? "mosis",
    request_timeout: requestTimeoutMs,
    max_open_connections: connectionsMax,
    // Answers are small and the server is near; inserts are compressed columns already.
    compression: { request: false, response: false },
    // This is below the server's keep_alive_timeout of 10 s, so that it never closes a socket under a
    // request.
    keep_alive: { enabled: true, idle_socket_ttl: 5000 },
    // Failures are thrown, and logged where they are handled.
    log: { level: ClickHouseLogLevel.OFF },
  });
  const store: ClickHouse = {
    database,
    requestTimeoutMs,
    client,
    queried(sql, duration_ms) {
      if (duration_ms < slowQueryMsMin || !onSlowQuery) return;
      onSlowQuery({ statement: sql.replaceAll(/\s+/g, " ").trim().slice(0, 200), duration_ms });
    },
    command: (sql, params = {}) =>
      call(store, (abort_signal) =>
        client.command({ query: sql, query_params: { ...params }, abort_signal }).then(() => {}),
      ),
    health: () =>
      call(store, (abort_signal) => client.command({ query: "select 1", abort_signal }).then(() => {})),
    close: () => client.close(),
  };
  return store;
}

/**
 * Runs one call of the driver within the store's deadline, and throws failures in our own classes. The wait
 * for a turn does not count against the deadline.
 */
export function call<T>(
  { requestTimeoutMs, turn }: Pick<ClickHouse, "requestTimeoutMs" | "turn">,
  work: (abortSignal: AbortSignal) => Promise<T>,
): Promise<T> {
  const limited = () => callWithin(requestTimeoutMs, work);
  return turn ? turn(limited) : limited();
}

async function callWithin<T>(
  requestTimeoutMs: number,
  work: (abortSignal: AbortSignal) => Promise<T>,
): Promise<T> {
  const signal = AbortSignal.timeout(requestTimeoutMs);
  try {
    return await work(signal);
  } catch (error) {
    throw failureOf(
      signal.aborted ? new Error(`no answer within ${requestTimeoutMs} ms`, { cause: error }) : error,
    );
  }
}
