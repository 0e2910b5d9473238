// `npm run record-key -- 2026b`: prints a new key for the records of the catalog, as its two variables. The
// private one is for the relay only.
import { generateSigningKey, textsOf } from "@mosis/kafka";
import { runProgram, UserError } from "./endpoints.ts";

await runProgram(async () => {
  const [id = ""] = process.argv.slice(2);
  if (!/^[\w-]{1,32}$/.test(id)) {
    throw new UserError("Usage: npm run record-key -- ID, of letters, digits, - and _, for example 2026b");
  }
  for (const [name, text] of Object.entries(textsOf(generateSigningKey(id)))) console.log(`${name}=${text}`);
});
