// `npm run sql -- "select …" [--endpoints FILE]` runs a statement in ClickHouse of the running platform as
// the analyst, and prints its answer. The exit code is 1 when ClickHouse refuses it.
import { pipeline } from "node:stream/promises";
import { parseArgs } from "node:util";
import { readEndpoints, runProgram, UserError } from "./endpoints.ts";

const usage = `Usage: npm run sql -- "select …" [--endpoints FILE]

  Runs a statement in ClickHouse of the running platform as the analyst.
  --endpoints FILE  endpoints.json of the platform; default .mosis/endpoints.json`;

await runProgram(usage, async () => {
  const { values, positionals } = parseArgs({
    options: { endpoints: { type: "string" } },
    allowPositionals: true,
  });
  const statement = positionals.join(" ");
  if (statement.trim() === "") throw new UserError('Give a statement: npm run sql -- "show tables"');
  const { analyst } = readEndpoints(values.endpoints);
  if (!analyst) throw new UserError("This ClickHouse is not ours: connect to it with a login of your own.");
  const { http, user, password, database } = analyst;
  const parameters = new URLSearchParams({ database, default_format: "PrettyCompact" });
  const answer = await fetch(`${http}/?${parameters.toString()}`, {
    method: "POST",
    headers: { "x-clickhouse-user": user, "x-clickhouse-key": password, "content-type": "text/plain" },
    body: statement,
  });
  if (!answer.ok) throw new UserError((await answer.text()).trim());
  // A statement may fail after it has answered rows: then the connection is cut, and this throws.
  if (answer.body) await pipeline(answer.body, process.stdout, { end: false });
});
