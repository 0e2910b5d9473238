// `npm run bench -- NAME [--seconds S] [--json FILE] [--endpoints FILE]`. README.md says what each name
// measures.
import { parseArgs } from "node:util";
import { runProgram, UserError, wholeNumber } from "../infra/local/endpoints.ts";
import { benchIngest } from "./ingest.ts";
import { openPlatform, type Platform } from "./platform.ts";
import { type Figures, makeReport, publish } from "./report.ts";

type Bench = (platform: Platform, seconds: number) => Promise<Figures>;

const benches: Record<string, Bench> = {
  ingest: (platform, seconds) => benchIngest(platform, { seconds, eventsPerRequest: 100, connections: 64 }),
  "ingest-single": (platform, seconds) =>
    benchIngest(platform, { seconds, eventsPerRequest: 1, connections: 64 }),
};

await runProgram(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seconds: { type: "string", default: "60" },
      json: { type: "string" },
      endpoints: { type: "string" },
    },
  });
  const [name = ""] = positionals;
  const bench = benches[name];
  if (!bench)
    throw new UserError(`Usage: npm run bench -- ${Object.keys(benches).join("|")} [--seconds S] …`);
  const seconds = wholeNumber("seconds", values.seconds, { min: 1, max: 3600 });
  console.log(values.endpoints ? "Using the running platform." : "Starting a platform of its own …");
  const platform = await openPlatform(values.endpoints);
  try {
    publish(makeReport(name, await bench(platform, seconds)), values.json);
  } finally {
    await platform.stop();
  }
});
