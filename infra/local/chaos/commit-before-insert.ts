// This file is loaded with `--import` into the processes of the negative control, and nowhere else. The
// writer then gets another `@mosis/kafka`, whose consumer commits before the insert. Production code has no
// switch for it.
import { registerHooks } from "node:module";

const writer = new URL("../../../services/telemetry/src/writer/writer.ts", import.meta.url).href;
const replacement = new URL("hasty-consumer.ts", import.meta.url).href;

registerHooks({
  resolve(specifier, context, next) {
    if (specifier === "@mosis/kafka" && context.parentURL === writer) return next(replacement, context);
    return next(specifier, context);
  },
});
