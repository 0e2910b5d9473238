// `npm run totp -- SECRET` prints the code that an authenticator app would show now, for a terminal without
// one.
import { parseArgs } from "node:util";
import { totpCode } from "@mosis/devstack";
import { runProgram, UserError } from "./endpoints.ts";

const usage = "Usage: npm run totp -- SECRET, with the secret of POST /v1/developers/me/totp";

await runProgram(usage, async () => {
  const { positionals } = parseArgs({ allowPositionals: true });
  const [secret, ...rest] = positionals;
  if (secret === undefined || rest.length > 0 || !/^[A-Z2-7]{16,64}$/.test(secret)) {
    throw new UserError(usage);
  }
  console.log(totpCode(secret));
});
