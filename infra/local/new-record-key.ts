// `npm run record-key -- 2026b` prints a new key for the records of the catalog, as its two variables. The
// private one is for the relay only.
import { parseArgs } from "node:util";
import { generateSigningKey, textsOf } from "@mosis/kafka";
import { runProgram, UserError } from "./endpoints.ts";

const usage = "Usage: npm run record-key -- ID, of letters, digits, - and _, for example 2026b";

await runProgram(usage, async () => {
  const { positionals } = parseArgs({ allowPositionals: true });
  const [id = "", ...rest] = positionals;
  if (rest.length > 0 || !/^[\w-]{1,32}$/.test(id)) throw new UserError(usage);
  for (const [name, text] of Object.entries(textsOf(generateSigningKey(id)))) console.log(`${name}=${text}`);
});
