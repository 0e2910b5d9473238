import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { asksForHelp } from "@mosis/runtime";
import type { Environment } from "./process-environment.ts";

/** What a running platform wrote into its data folder, readable by its owner only: it has passwords in it. */
export interface Endpoints {
  catalog: string;
  ingest: string;
  query: string;
  /** Where these three answer `/readyz` and `/metrics`; left out when that is beside everything else. */
  management?: { catalog: string; ingest: string; query: string };
  /** As the owner of the catalog's database, who is no superuser. */
  postgres: string;
  /** As the administrator, for programs that measure or compare. People use `analyst`. */
  clickhouse: string;
  kafka: string;
  /** The variables that lead a program into Kafka as its administrator. */
  kafkaVariables: Environment;
  /** The login of people with SQL; null when ClickHouse is not ours. */
  analyst: AnalystLogin | null;
}

interface AnalystLogin {
  /** URL of ClickHouse for HTTP. */
  http: string;
  /** Host and port of ClickHouse for its own clients and drivers. */
  native: string;
  user: string;
  password: string;
  database: string;
}

/** Something to tell a person in one line, without a stack. */
export class UserError extends Error {}

/**
 * Reads the endpoints of a running platform.
 * @param file as given by `--endpoints`; without it, the one in `MOSIS_DATA_DIR` (default `.mosis`).
 * @throws UserError when there is none.
 */
export function readEndpoints(file: string | undefined): Endpoints {
  const path = file ?? join(process.env["MOSIS_DATA_DIR"] ?? ".mosis", "endpoints.json");
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Endpoints;
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code === "ENOENT" ? "is not there" : String(error);
    throw new UserError(`Nothing runs: ${resolve(path)} ${reason}. Start the platform first: npm start`);
  }
}

/** @throws UserError that names the first service that is away or not ready. */
export async function requireReady(endpoints: Endpoints): Promise<void> {
  for (const name of ["catalog", "ingest", "query"] as const) {
    const url = `${endpoints.management?.[name] ?? endpoints[name]}/readyz`;
    const status = await fetch(url, { signal: AbortSignal.timeout(5_000) }).then(
      (response) => response.status,
      () => "no answer",
    );
    if (status !== 200)
      throw new UserError(`${name} is not ready (${url}: ${status}). Start the platform first: npm start`);
  }
}

/**
 * Runs a program of people's: its arguments read, its known errors told in one line, exit code 1 on any
 * error.
 * @param usage printed instead for `--help`.
 */
export async function runProgram(usage: string, program: () => Promise<void>): Promise<void> {
  if (asksForHelp(process.argv.slice(2))) {
    console.log(usage);
    return;
  }
  try {
    await program();
  } catch (error) {
    const { code } = error as { code?: unknown };
    const isTheirs = error instanceof UserError || String(code).startsWith("ERR_PARSE_ARGS");
    console.error(isTheirs ? (error as Error).message : error);
    process.exitCode = 1;
  }
}

/** A whole number of an option. @throws UserError when it is not one or out of bounds. */
export function wholeNumber(name: string, text: string, { min, max }: { min: number; max: number }): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new UserError(`--${name} must be a whole number from ${min} to ${max}, not ${text}.`);
  }
  return value;
}
