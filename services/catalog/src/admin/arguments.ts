import { parseArgs } from "node:util";
import { Role } from "@mosis/types/developers";
import { Compile } from "typebox/compile";

const usage = "Usage: npm run admin -- grant-role developer|reviewer|admin ada@example.org";
const role = Compile(Role);

/** @throws Error that says how it is used. */
export function readArguments(args: string[]): { role: Role; email: string } {
  const { positionals } = parseArgs({ args, allowPositionals: true });
  const [command, asked, email, ...rest] = positionals;
  if (command !== "grant-role" || !role.Check(asked) || email === undefined || rest.length > 0) {
    throw new Error(usage);
  }
  return { role: asked, email };
}
