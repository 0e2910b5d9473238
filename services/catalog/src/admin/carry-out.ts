import type { Pool } from "@mosis/postgres";
import { forgetPublication } from "../changes/republication/queries.ts";
import type { AdminCommand } from "./arguments.ts";
import { grantRole } from "./grant-role.ts";
import { resetSecondFactors } from "./reset-second-factors.ts";

/** @returns what was done, for the log. */
export async function carryOut(db: Pool, asked: AdminCommand): Promise<string> {
  if (asked.command === "grant-role") {
    return `The role ${asked.role} of ${asked.email}: ${await grantRole(db, asked)}`;
  }
  if (asked.command === "reset-second-factors") {
    return `The second factors of ${asked.email}: ${await resetSecondFactors(db, asked)}`;
  }
  await forgetPublication(db);
  return "The active relay publishes every app, key and restriction again from now on";
}
