import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { asksForHelp } from "@mosis/runtime";
import type { Environment } from "./process-environment.ts";

/**
 * The addresses that a running platform wrote into its data folder, readable by its owner only: they contain
 * passwords.
 */
export interface Endpoints {
  catalog: string;
  ingest: string;
  query: string;
  /**
   * The addresses where these three answer `/readyz` and `/metrics`; left out when they answer on their main
   * ports.
   */
  management?: { catalog: string; ingest: string; query: string };
  /** The URL for the owner of the catalog's database, who is no superuser. */
  postgres: string;
  /** The URL for the administrator, for programs that measure or compare. People use `analyst`. */
  clickhouse: string;
  kafka: string;
  /** The variables with which a program connects to Kafka as its administrator. */
  kafkaVariables: Environment;
  /** The login for people who use SQL; null when ClickHouse is not ours. */
  analyst: AnalystLogin | null;
}

interface AnalystLogin {
  /** The URL of ClickHouse for HTTP. */
  http: string;
  /** Host and port of ClickHouse for its own clients and drivers. */
  native: string;
  user: string;
  password: string;
  database: string;
}

/** An error that a person sees as one line, without a stack. */
export class UserError extends Error {}

/**
 * Reads the endpoints of a running platform.
 * @param file as given by `--endpoints`; without it, the file in `MOSIS_DATA_DIR` (default `.mosis`).
 * @throws UserError when there is no such file.
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

/** @throws UserError that names the first service that is down or not ready. */
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
 * Runs a command-line program: it reads the arguments, shows known errors in one line, and exits with 1 on
 * any error.
 * @param usage is printed instead for `--help`.
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

/** Reads the whole number of an option. @throws UserError when it is not one or out of bounds. */
export function wholeNumber(name: string, text: string, { min, max }: { min: number; max: number }): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new UserError(`--${name} must be a whole number from ${min} to ${max}, not ${text}.`);
  }
  return value;
}
