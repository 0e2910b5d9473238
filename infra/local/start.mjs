// `npm start`: see launch.ts for what runs.
import { bootstrap } from "./bootstrap.mjs";

bootstrap("infra/local/launch.ts");
