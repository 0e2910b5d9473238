// `npm test [-- FILE …]`: see run-tests.ts for what runs.
import { bootstrap } from "./bootstrap.mjs";

bootstrap("infra/local/run-tests.ts");
