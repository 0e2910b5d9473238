// Asks PostgreSQL over bare connections, with messages made beforehand, so that the driver's cost does not
// count as the database's.
import type { Socket } from "node:net";
import type { Pool, Queryable } from "@mosis/postgres";
import pg from "pg";
import { connectionOptions } from "../../packages/postgres/src/connection.ts";
import { planSettings } from "../../packages/postgres/src/pool.ts";
import { compile, type Value } from "../../packages/postgres/src/sql.ts";
import { streamOf } from "../../packages/postgres/src/stream.ts";

interface Statement {
  text: string;
  values: readonly Value[];
}

/** Statements that are sent together; the next step needs their answers. */
export type Step = Statement[];

/** Records what a question asks PostgreSQL, step by step, by asking it once through the driver. */
export async function recordSteps(db: Pool, ask: (db: Pool) => Promise<unknown>): Promise<Step[]> {
  const steps: Step[] = [];
  await ask(recording(db, steps, null));
  return steps;
}

function recording(db: Pool, steps: Step[], tenant: string | null): Pool {
  const assume = { text: "select set_config('mosis.tenant', $1, false)", values: [tenant] };
  const run: Queryable["run"] = (statement) => {
    steps.push(tenant === null ? [compile(statement)] : [assume, compile(statement)]);
    return db.run(statement);
  };
  return { ...db, run, as: (other) => recording(db.as(other), steps, other) };
}

export interface WireConnection {
  /** Runs the steps one after the other. @throws Error for an error of PostgreSQL. */
  ask(question: Question): Promise<void>;
  close(): void;
}

/** The bytes of each step, and the number of its statements. */
type Question = { bytes: Buffer; statements: number }[];

export function questionOf(steps: readonly Step[], names: ReadonlyMap<string, string>): Question {
  return steps.map((step) => ({
    statements: step.length,
    bytes: Buffer.concat(
      step.flatMap(({ text, values }) => [bind(names.get(text) ?? "", values), describe, execute, sync]),
    ),
  }));
}

/** Returns a name for each statement. */
export function namesOf(steps: readonly Step[]): Map<string, string> {
  const texts = new Set(steps.flatMap((step) => step.map(({ text }) => text)));
  return new Map([...texts].map((text, n) => [text, `s${n}`]));
}

/** Connects as the pool of the api does, and has every statement parsed. */
export async function openWire(url: string, names: ReadonlyMap<string, string>): Promise<WireConnection> {
  const timeouts = { connectTimeoutMs: 10_000, statementTimeoutMs: 120_000 };
  const client = new pg.Client(
    connectionOptions({ url, name: "bench", ...timeouts, settings: planSettings }),
  );
  await client.connect();
  const socket = streamOf(client) as Socket;
  socket.removeAllListeners("data");
  const reader = createReader();
  let waiting: { left: number; resolve: () => void; reject: (error: Error) => void } | null = null;
  socket.on("data", (bytes: Buffer) => {
    const { ready, errors } = reader.read(bytes);
    if (waiting === null) return;
    waiting.left -= ready;
    if (errors > 0) waiting.reject(new Error("PostgreSQL refused a statement; its log says why."));
    else if (waiting.left <= 0) waiting.resolve();
  });
  const send = (bytes: Buffer, statements: number) =>
    new Promise<void>((resolve, reject) => {
      waiting = { left: statements, resolve, reject };
      socket.write(bytes);
    });
  const parses = [...names].map(([text, name]) => parse(name, text));
  await send(Buffer.concat([...parses, sync]), 1);
  return {
    async ask(question) {
      for (const { bytes, statements } of question) await send(bytes, statements);
    },
    close: () => void socket.destroy(),
  };
}

/** Counts messages by their kind. A chunk may end anywhere. */
function createReader() {
  const header = Buffer.alloc(5);
  let headerBytes = 0;
  let bodyBytesLeft = 0;
  return {
    read(bytes: Buffer): { ready: number; errors: number } {
      const counts = { ready: 0, errors: 0 };
      for (let at = 0; at < bytes.length;) {
        if (bodyBytesLeft > 0) {
          const skipped = Math.min(bodyBytesLeft, bytes.length - at);
          bodyBytesLeft -= skipped;
          at += skipped;
          continue;
        }
        header[headerBytes++] = bytes[at++] as number;
        if (headerBytes < header.length) continue;
        headerBytes = 0;
        bodyBytesLeft = header.readInt32BE(1) - 4;
        const kind = String.fromCharCode(header[0] as number);
        if (kind === "Z") counts.ready++;
        if (kind === "E") counts.errors++;
      }
      return counts;
    },
  };
}

// Messages of the protocol (PostgreSQL 18, §54.7), all values as text.

const describe = message("D", Buffer.from("P\0"));
const execute = message("E", Buffer.from("\0\0\0\0\0"));
const sync = message("S", Buffer.alloc(0));

function parse(name: string, text: string): Buffer {
  return message("P", Buffer.from(`${name}\0${text}\0`), int16(0));
}

function bind(name: string, values: readonly Value[]): Buffer {
  const parts = values.flatMap((value) => {
    if (value === null) return [int32(-1)];
    const text = Buffer.from(textOf(value));
    return [int32(text.length), text];
  });
  return message("B", Buffer.from(`\0${name}\0`), int16(0), int16(values.length), ...parts, int16(0));
}

function textOf(value: Value): string {
  if (!Array.isArray(value)) return String(value);
  return `{${value.map((element) => JSON.stringify(String(element))).join(",")}}`;
}

function message(kind: string, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from(kind), int32(body.length + 4), body]);
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}
