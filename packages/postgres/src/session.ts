import type { Logger } from "@mosis/runtime";
import pg from "pg";
import { connectionOn, connectionOptions, type Queryable, type Watch } from "./connection.ts";
import { type Copy, copyInto } from "./copy.ts";
import { asFailure } from "./failure.ts";
import { one } from "./query.ts";
import { sql } from "./sql.ts";
import Type from "typebox";

/** A dedicated connection, for what lives as long as a connection: session locks and notifications. */
export interface Session extends Queryable {
  /**
   * Takes the lock of that name until the session ends, without waiting. Returns false when another session
   * holds it.
   */
  tryLock(name: string): Promise<boolean>;
  /** Calls `onNotify` for every notification on the channel. */
  listen(channel: string, onNotify: () => void): Promise<void>;
  /**
   * Loads many rows into a table, in the open transaction.
   * @returns the number of rows.
   */
  copy(copy: Copy): Promise<number>;
  /** Resolves with the reason when the connection is lost, and its locks with it. */
  lost: Promise<Error>;
  close(): Promise<void>;
}

export interface SessionOptions extends Watch {
  url: string;
  name: string;
  log: Logger;
  connectTimeoutMs: number;
}

const LockedRow = Type.Object({ locked: Type.Boolean() });

/** @throws Unavailable when PostgreSQL does not answer. */
export async function openSession(options: SessionOptions): Promise<Session> {
  const client = new pg.Client(connectionOptions({ ...options, settings: keepAliveSettings }));
  const { promise: lost, resolve: lose } = Promise.withResolvers<Error>();
  client.on("error", (error) => lose(error));
  client.on("end", () => lose(new Error("The connection to PostgreSQL has ended.")));
  try {
    await client.connect();
  } catch (error) {
    throw asFailure(error);
  }
  const connection = connectionOn(client, options);
  return {
    lost,
    run: (statement) => connection.run(statement),
    async tryLock(name) {
      const { locked } = await one(
        connection,
        LockedRow,
        sql`select pg_try_advisory_lock(hashtextextended(${name}, 0)) as locked`,
      );
      return locked;
    },
    async listen(channel, onNotify) {
      client.on("notification", (message) => {
        if (message.channel === channel) onNotify();
      });
      await client.query(`listen ${client.escapeIdentifier(channel)}`);
    },
    copy: (copy) => copyInto(client, copy),
    close: () => client.end(),
  };
}

/**
 * With these the server notices after 25 s, instead of two hours, that our machine has vanished, and frees
 * the locks.
 */
const keepAliveSettings = "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3";
