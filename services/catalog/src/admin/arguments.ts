import { parseArgs } from "node:util";
import { Role } from "@mosis/types/developers";
import { Compile } from "typebox/compile";

const usage = `Usage: npm run admin -- grant-role developer|reviewer|admin ada@example.org
       npm run admin -- republish`;
const role = Compile(Role);

export type AdminCommand = { command: "grant-role"; role: Role; email: string } | { command: "republish" };

/** @throws Error that says how it is used. */
export function readArguments(args: string[]): AdminCommand {
  const { positionals } = parseArgs({ args, allowPositionals: true });
  const [command, asked, email, ...rest] = positionals;
  if (command === "republish" && positionals.length === 1) return { command };
  if (command !== "grant-role" || !role.Check(asked) || email === undefined || rest.length > 0) {
    throw new Error(usage);
  }
  return { command, role: asked, email };
}
