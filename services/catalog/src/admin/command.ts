import { parseArgs } from "node:util";
import type { Pool } from "@mosis/postgres";
import { Role } from "@mosis/types/developers";
import { Compile } from "typebox/compile";
import { forgetPublication } from "../changes/republication/queries.ts";
import { grantRole, resetSecondFactors } from "./changes.ts";

export const adminUsage = [
  "Usage:",
  "  npm run admin -- grant-role developer|reviewer|admin ada@example.org",
  "  npm run admin -- reset-second-factors ada@example.org",
  "  npm run admin -- republish",
].join("\n");
const role = Compile(Role);

export type AdminCommand =
  | { command: "grant-role"; role: Role; email: string }
  | { command: "reset-second-factors"; email: string }
  | { command: "republish" };

/**
 * Reads the arguments.
 * @throws Error that explains the usage.
 */
export function readArguments(args: string[]): AdminCommand {
  const { positionals } = parseArgs({ args, allowPositionals: true });
  const [command, ...rest] = positionals;
  const email = rest.at(-1);
  if (command === "republish" && rest.length === 0) return { command };
  if (command === "reset-second-factors" && email !== undefined && rest.length === 1) {
    return { command, email };
  }
  const [asked] = rest;
  if (command === "grant-role" && role.Check(asked) && email !== undefined && rest.length === 2) {
    return { command, role: asked, email };
  }
  throw new Error(adminUsage);
}

/**
 * Does what the command asks for.
 * @returns the result, for the log.
 */
export async function carryOut(db: Pool, asked: AdminCommand): Promise<string> {
  if (asked.command === "grant-role") {
    return `The role ${asked.role} of ${asked.email}: ${await grantRole(db, asked)}`;
  }
  if (asked.command === "reset-second-factors") {
    return `The second factors of ${asked.email}: ${await resetSecondFactors(db, asked)}`;
  }
  await forgetPublication(db);
  return "The active relay publishes every app, key and restriction again";
}
