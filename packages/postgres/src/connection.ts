import { createHash } from "node:crypto";
import type { ClientBase, ClientConfig, QueryConfig, QueryResult } from "pg";
import { asFailure } from "./failure.ts";
import { answered, expectAnswer } from "./silence.ts";
import { compile, type Sql, type Value } from "./sql.ts";
import { typeParsers } from "./values.ts";

/** The target of a statement: the pool, one connection of it in a transaction, or a session. */
export interface Queryable {
  /** @throws Unavailable when PostgreSQL is away, too busy or too slow; the driver's error otherwise. */
  run(statement: Sql): Promise<{ rows: unknown[]; rowCount: number }>;
}

/** A slow statement. Its text contains no values. */
export interface SlowQuery {
  statement: string;
  duration_ms: number;
}

export interface Watch {
  statementTimeoutMs: number;
  /** Called for every statement, failed ones too. */
  onStatement?: (durationMs: number) => void;
  /** Queries that take this long or longer are reported to `onSlowQuery`. Default 250 ms. */
  slowQueryMsMin?: number;
  onSlowQuery?: (query: SlowQuery) => void;
}

export function connectionOptions(options: {
  url: string;
  name: string;
  connectTimeoutMs: number;
  statementTimeoutMs: number;
  /** Settings of the session, as the command line of PostgreSQL has them. */
  settings: string;
}): ClientConfig {
  const { url, name, connectTimeoutMs, statementTimeoutMs, settings } = options;
  return {
    connectionString: url,
    application_name: name,
    connectionTimeoutMillis: connectTimeoutMs,
    statement_timeout: statementTimeoutMs,
    idle_in_transaction_session_timeout: statementTimeoutMs,
    // Times are then returned in UTC: see values.ts.
    options: `-c timezone=UTC ${settings}`,
    keepAlive: true,
    types: typeParsers,
  };
}

/** @returns also whether the connection must not be used again. */
export function connectionOn(client: ClientBase, watch: Watch): Queryable & { isBroken(): boolean } {
  let broken = false;
  // This is a little longer than the server's own timeout. It is for a server that cannot even report a
  // timeout.
  const answerTimeoutMs = watch.statementTimeoutMs + 2000;
  return {
    isBroken: () => broken,
    async run(statement) {
      const { text, values } = compile(statement);
      const startedAt = performance.now();
      const wait = expectAnswer(client, answerTimeoutMs);
      try {
        // It is named, so that each connection parses and plans a statement once.
        const { rows, rowCount } = await query(client, { name: nameOf(text), text, values });
        return { rows, rowCount: rowCount ?? 0 };
      } catch (error) {
        broken ||= leavesBroken(error);
        // The stack was made where the socket is read. From here it leads to the statement.
        if (error instanceof Error) Error.captureStackTrace(error);
        throw asFailure(error);
      } finally {
        answered(wait);
        report(watch, text, performance.now() - startedAt);
      }
    },
  };
}

/**
 * Runs a query by callback. With the driver's own promises, the rows of a statement survive many scavenges:
 * the heap grew by 3 of every 20 MB allocated, and a scavenge took 8 ms instead of half of one.
 */
function query(client: ClientBase, config: QueryConfig<Value[]>): Promise<QueryResult> {
  return new Promise((resolve, reject) => {
    client.query(config, (error, result) => (error ? reject(error) : resolve(result)));
  });
}

/**
 * Returns true when the connection may be broken. After an ERROR of the server it works as before; after
 * anything else its state is unknown.
 */
function leavesBroken(error: unknown): boolean {
  return (error as { severity?: unknown }).severity !== "ERROR";
}

function report(watch: Watch, text: string, duration_ms: number): void {
  const { slowQueryMsMin = 250, onSlowQuery, onStatement } = watch;
  onStatement?.(duration_ms);
  if (duration_ms < slowQueryMsMin || !onSlowQuery) return;
  onSlowQuery({ statement: text.replaceAll(/\s+/g, " ").trim().slice(0, 200), duration_ms });
}

const names = new Map<string, string>();
/**
 * The number of statements that get a name. Statements are templates in the source, so they are few; any
 * beyond this stay unnamed and are never cached.
 */
const namesMax = 1000;

function nameOf(text: string): string {
  const known = names.get(text);
  if (known !== undefined) return known;
  if (names.size >= namesMax) return "";
  const name = createHash("sha256").update(text).digest("base64url").slice(0, 16);
  names.set(text, name);
  return name;
}
