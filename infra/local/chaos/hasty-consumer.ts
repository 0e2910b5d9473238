// This consumer does what ours must never do: see commit-before-insert.ts.
import {
  type Consumer,
  type ConsumerOptions,
  type KafkaConfig,
  type OnBatch,
  openConsumer as openReal,
} from "@mosis/kafka";

export * from "@mosis/kafka";

/** The handler resolves at once, so the offset is committed while the insert has not begun. */
export function openConsumer(config: KafkaConfig & ConsumerOptions, onBatch: OnBatch): Promise<Consumer> {
  return openReal(config, async (batch, context) => {
    onBatch(batch, { ...context, isStale: () => false }).catch((error: unknown) => {
      config.log.error({ err: error }, "A batch that was committed already could not be handled");
    });
  });
}
