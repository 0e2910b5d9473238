// A job: sends records that were set aside back to their topics, after the cause is gone, and ends.
// `replay dead-letters [--topic T] [--limit N] [--dry-run] [--from-beginning]`
import { openProducer } from "@mosis/kafka";
import { createLifecycle, createLogger, endProcess, readCommandLine } from "@mosis/runtime";
import { readReplayConfig } from "../config.ts";
import { readReplayArguments, replayUsage } from "../replay/arguments.ts";
import { replayDeadLetters } from "../replay/dead-letters.ts";

const asked = readCommandLine(replayUsage, readReplayArguments) ?? process.exit();
// Throws one error that lists every bad variable. Nothing after this line reads the environment.
const config = readReplayConfig(process.env);
const service = "telemetry-replay";
const log = createLogger({ service, level: config.logLevel });
const life = createLifecycle({ log, closeTimeoutMs: config.closeTimeoutMs });
const kafka = { ...config.kafka, clientId: service, log };

try {
  const { topics, recordsMax, isDryRun, isFromBeginning } = asked;
  const producer = life.own("producer", await openProducer(kafka), (it) => it.close());
  let left = recordsMax;
  for (const topic of topics) {
    const how = { topic, recordsMax: left, isDryRun, isFromBeginning };
    const codes = await replayDeadLetters({ kafka, producer, ...how });
    for (const [code, records] of codes) {
      left -= records;
      const what = isDryRun ? "would be sent again" : "sent again";
      log.info({ topic, code, records }, `Dead letters of ${topic} with code ${code}: ${records} ${what}`);
    }
  }
  log.info({ records: recordsMax - left, topics }, "replay of dead letters is done");
} catch (error) {
  log.error({ err: error }, "telemetry replay failed");
  process.exitCode = 1;
}
await life.close();
endProcess(log);
