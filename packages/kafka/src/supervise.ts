import type { Logger } from "@mosis/runtime";
import type { Consumer as KafkaJsConsumer, ConsumerCrashEvent, ConsumerRunConfig } from "kafkajs";

export interface Supervised {
  failed: Promise<never>;
  /** Returns the consumer that runs now, or is being started. */
  current(): KafkaJsConsumer;
  /** Replaces the running consumer, as if it had crashed. */
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
  /** The pause before a restart. Default 1 s. */
  restartPauseMs?: number;
}

/** Errors that another try cannot fix: wrong credentials, missing rights, a bug. */
const hopeless =
  /^(TypeError|RangeError|ReferenceError|KafkaJSSASLAuthenticationError|KafkaJSNotImplemented)$/;
const defaultRestartPauseMs = 1000;

/**
 * Runs a kafkajs consumer until it is closed. A consumer that crashed (the broker was away for longer than
 * its retries) is replaced by a new one, which goes on at the committed offsets. Only one runs at a time.
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
  // A caller that does not watch `failed` must not be ended by it.
  failed.catch(() => {});

  const start = async () => {
    const own = open();
    current = own;
    let isReplaced = false;
    // A crash may be reported before, after, or beside the throw of the start that it ended.
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
      // It also resolves for a consumer that crashed before it joined; that one is replaced.
      await own.run(run);
      if (!isReplaced) await onStart?.(own);
      hasStarted = true;
    } catch (error) {
      // Nothing of it is needed any more. An open connection keeps a process alive that has failed to start.
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
      // A restart that is under way would leave a consumer open that nobody closes.
      await restarting;
      await current.disconnect();
    },
  };
}
