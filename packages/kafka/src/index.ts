export type { KafkaConfig } from "./cluster.ts";
export {
  type BatchContext,
  type Consumer,
  type ConsumerOptions,
  type OnBatch,
  openConsumer,
} from "./consumer.ts";
export { type Followed, type FollowOptions, followTopics } from "./follow.ts";
export { type GroupLag, type LagReader, openLagReader } from "./lag.ts";
export {
  openProducer,
  type OutgoingBatch,
  type OutgoingRecord,
  type Producer,
  type ProducerLimits,
} from "./producer.ts";
export type { IncomingBatch, IncomingRecord } from "./record.ts";
export { ensureTopics, type TopicSpecs } from "./topics.ts";
