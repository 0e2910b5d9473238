import type { Logger } from "@mosis/runtime";
import type { Consumer as KafkaJsConsumer, ConsumerCrashEvent, ConsumerRunConfig } from "kafkajs";

export interface Supervised {
  failed: Promise<never>;
  close(): Promise<void>;
}

/** Errors that another try cannot mend: wrong credentials, missing rights, a bug. */
const hopeless =
  /^(TypeError|RangeError|ReferenceError|KafkaJSSASLAuthenticationError|KafkaJSNotImplemented)$/;
const restartPauseMs = 1000;

/**
 * Runs a kafkajs consumer for as long as it is not closed: one that crashed (the broker went away for longer
 * than its retries) is replaced by a new one, which goes on at the committed offsets.
 * @param onStart after each start, with the consumer that runs now.
 * @throws Error when the first one cannot connect.
 */
export async function superviseConsumer(options: {
  log: Logger;
  open: () => KafkaJsConsumer;
  topics: string[];
  run: ConsumerRunConfig;
  onStart?: (consumer: KafkaJsConsumer) => Promise<void> | void;
}): Promise<Supervised> {
  const { log, open, topics, run, onStart } = options;
  let closing = false;
  let current: KafkaJsConsumer;
  let restart: NodeJS.Timeout | undefined;
  let restarting: Promise<void> = Promise.resolve();
  const { promise: failed, reject: fail } = Promise.withResolvers<never>();
  // Whoever does not watch `failed` must not be ended by it.
  failed.catch(() => {});

  const start = async () => {
    current = open();
    current.on(current.events.CRASH, onCrash);
    await current.connect();
    await current.subscribe({ topics, fromBeginning: true });
    await current.run(run);
    await onStart?.(current);
  };
  const startAgain = () => {
    restart = setTimeout(() => {
      restarting = start().catch((error: unknown) => {
        log.warn({ err: error }, "Kafka cannot be reached for consuming; trying again");
        // Nothing of it is needed any more, and what cannot be closed has no connection.
        current.disconnect().catch((left: unknown) => log.debug({ err: left }, "A consumer was left open"));
        if (!closing) startAgain();
      });
    }, restartPauseMs);
  };
  const onCrash = ({ payload: { error } }: ConsumerCrashEvent) => {
    if (closing) return;
    if (hopeless.test(error.name)) {
      fail(error);
      return;
    }
    log.warn({ err: error }, "The consumer lost Kafka; a new one is started");
    startAgain();
  };

  await start();
  return {
    failed,
    async close() {
      closing = true;
      clearTimeout(restart);
      // A restart that is under way would leave a consumer behind that nobody closes.
      await restarting;
      await current.disconnect();
    },
  };
}
