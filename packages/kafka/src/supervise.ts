import type { Logger } from "@mosis/runtime";
import type { Consumer as KafkaJsConsumer, ConsumerCrashEvent, ConsumerRunConfig } from "kafkajs";

export interface Supervised {
  failed: Promise<never>;
  /** The one that runs now, or that is being started. */
  current(): KafkaJsConsumer;
  /** Replaces the one that runs now, as if it had crashed. */
  replace(reason: Error): void;
  close(): Promise<void>;
}

interface SuperviseOptions {
  log: Logger;
  open: () => KafkaJsConsumer;
  topics: string[];
  run: ConsumerRunConfig;
  /** Called after each start, with the consumer that runs now. */
  onStart?: (consumer: KafkaJsConsumer) => Promise<void> | void;
  /** Default 1 s. */
  restartPauseMs?: number;
}

/** Errors that another try cannot mend: wrong credentials, missing rights, a bug. */
const hopeless =
  /^(TypeError|RangeError|ReferenceError|KafkaJSSASLAuthenticationError|KafkaJSNotImplemented)$/;
const defaultRestartPauseMs = 1000;

/**
 * Runs a kafkajs consumer for as long as it is not closed: one that crashed (the broker went away for longer
 * than its retries) is replaced by a new one, which goes on at the committed offsets.
 * There is one at a time.
 * @throws Error when the first one cannot connect.
 */
export async function superviseConsumer(options: SuperviseOptions): Promise<Supervised> {
  const { log, open, topics, run, onStart, restartPauseMs = defaultRestartPauseMs } = options;
  let closing = false;
  let hasStarted = false;
  let current: KafkaJsConsumer;
  let replaceCurrent: (error: unknown, words: string) => void;
  let restart: NodeJS.Timeout | undefined;
  let restarting: Promise<void> = Promise.resolve();
  const { promise: failed, reject: fail } = Promise.withResolvers<never>();
  // Whoever does not watch `failed` must not be ended by it.
  failed.catch(() => {});

  const start = async () => {
    const own = open();
    current = own;
    let isReplaced = false;
    // A crash may be told before, after, or beside the throw of the start that it ended.
    const replace = (error: unknown, words: string) => {
      if (closing || isReplaced) return;
      isReplaced = true;
      hasStarted = true;
      log.warn({ err: error }, words);
      restart = setTimeout(() => {
        restarting = start();
      }, restartPauseMs);
    };
    replaceCurrent = replace;
    own.on(own.events.CRASH, ({ payload: { error } }: ConsumerCrashEvent) => {
      if (hopeless.test(error.name)) fail(error);
      else replace(error, "The consumer lost Kafka; a new one is started");
    });
    try {
      await own.connect();
      await own.subscribe({ topics, fromBeginning: true });
      // Resolves also for a consumer that crashed before it has joined, and which is replaced then.
      await own.run(run);
      if (!isReplaced) await onStart?.(own);
      hasStarted = true;
    } catch (error) {
      // Nothing of it is needed any more. A connection that is left keeps a process alive that has failed to
      // start.
      await own.disconnect().catch((left: unknown) => log.debug({ err: left }, "A consumer was left open"));
      if (!hasStarted) throw error;
      replace(error, "Kafka cannot be reached for consuming; trying again");
    }
  };

  await start();
  return {
    failed,
    current: () => current,
    replace(reason) {
      const old = current;
      replaceCurrent(reason, "The consumer stands still; a new one is started");
      old.disconnect().catch((left: unknown) => log.debug({ err: left }, "A consumer was left open"));
    },
    async close() {
      closing = true;
      clearTimeout(restart);
      // A restart that is under way would leave a consumer behind that nobody closes.
      await restarting;
      await current.disconnect();
    },
  };
}
