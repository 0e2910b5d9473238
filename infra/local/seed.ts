// `npm run seed -- --developers 10000 --apps 100000 --versions 500000 --keys 50000 [--seed N]` fills the
// catalog of the running platform, or of DATABASE_URL, with a made-up store. Use it only for tests: whoever
// knows the seed knows the secret of every key, and telemetry does not learn of any of it.
import { parseArgs } from "node:util";
import { openSession } from "@mosis/postgres";
import { createLogger } from "@mosis/runtime";
import { readEndpoints, runProgram, UserError, wholeNumber } from "./endpoints.ts";
import { isEmpty, planSeed, seedCatalog } from "./seed/seed-catalog.ts";

const options = {
  developers: { type: "string", default: "10000" },
  apps: { type: "string", default: "100000" },
  versions: { type: "string", default: "500000" },
  keys: { type: "string", default: "50000" },
  seed: { type: "string", default: "1" },
  endpoints: { type: "string" },
  "into-used": { type: "boolean", default: false },
} as const;

const copyTimeoutMs = 600_000;

const usage = `Usage: npm run seed -- [options]

  Fills the catalog of the running platform, or of DATABASE_URL, with a made-up store. For tests only.
  --developers N    default ${options.developers.default}
  --apps N          default ${options.apps.default}
  --versions N      default ${options.versions.default}
  --keys N          default ${options.keys.default}
  --seed N          another seed makes another store; default ${options.seed.default}
  --into-used       also when the catalog is in use
  --endpoints FILE  endpoints.json of the platform; default .mosis/endpoints.json`;

await runProgram(usage, async () => {
  const { values } = parseArgs({ options });
  const size = (name: "developers" | "apps" | "versions" | "keys") =>
    wholeNumber(name, values[name], { min: 1, max: 10_000_000 });
  const seed = wholeNumber("seed", values.seed, { min: 0, max: 2 ** 31 });
  const sizes = {
    developers: size("developers"),
    apps: size("apps"),
    versions: size("versions"),
    keys: size("keys"),
  };
  if (sizes.versions < sizes.apps) throw new UserError("--versions must not be fewer than --apps.");
  const url = process.env["DATABASE_URL"] ?? readEndpoints(values.endpoints).postgres;
  const session = await openSession({
    url,
    name: "seed",
    log: createLogger({ service: "seed", level: "warn" }),
    connectTimeoutMs: 3000,
    statementTimeoutMs: copyTimeoutMs,
  });
  try {
    if (!values["into-used"] && !(await isEmpty(session))) {
      throw new UserError(
        "The catalog is in use: what is made up would stand among it. To do it anyway: --into-used",
      );
    }
    const startedAt = performance.now();
    const filled = await seedCatalog(session, planSeed(seed, sizes));
    for (const [table, rows] of Object.entries(filled)) {
      console.log(`  ${table.padEnd(14)} ${rows.toLocaleString("en").padStart(9)}`);
    }
    console.log(`Seeded in ${((performance.now() - startedAt) / 1000).toFixed(1)} s.`);
  } finally {
    await session.close();
  }
});
