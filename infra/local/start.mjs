// `npm start` runs this file; launch.ts starts the platform itself.
import { bootstrap } from "./bootstrap.mjs";

const usage = `Usage: npm start

  Installs what is missing, and starts PostgreSQL, ClickHouse, Kafka and every process, until Ctrl-C.
  It takes no arguments: README.md has the variables that set folder and ports.`;

bootstrap("infra/local/launch.ts", { usage, isArgument: () => false });
