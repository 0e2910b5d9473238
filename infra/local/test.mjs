// `npm test [-- FILE …]` runs this file; run-tests.ts runs the tests themselves.
import { bootstrap } from "./bootstrap.mjs";

const usage = `Usage: npm test [-- FILE …] [-- --test-… FILE …]

  Starts the servers once and runs every test, or those of the files.
  --test-…  options of Node's test runner, as --test-name-pattern=TEXT
  npm run schema  writes what all migrations make into the two schema.sql
  npm run fuzz    sends 200 000 made-up requests to every route of the catalog`;

const isArgument = (arg) => !arg.startsWith("-") || arg.startsWith("--test-");

bootstrap("infra/local/run-tests.ts", { usage, isArgument });
