export { type AclChanges, type AclSpecs, ensureAcls } from "./acls.ts";
export type { KafkaConfig } from "./cluster.ts";
export {
  type BatchContext,
  type Consumer,
  type ConsumerOptions,
  type OnBatch,
  type OnForged,
  openConsumer,
} from "./consumer.ts";
export { type Followed, type FollowedPartition, type FollowOptions, followTopics } from "./follow.ts";
export type { KeepUpOptions } from "./keep-up.ts";
export type { LostRecords, OnLost } from "./gaps.ts";
export { type GroupLag, type LagReader, openLagReader } from "./lag.ts";
export { openProducer, type Producer, type ProducerLimits } from "./producer.ts";
export {
  generateSigningKey,
  publicKeyOf,
  readPublicKeys,
  readSigningKey,
  type RecordPublicKeys,
  type RecordSigningKey,
  recordSigning,
  recordVerifying,
  textsOf,
} from "./record-keys.ts";
export type { IncomingBatch, IncomingRecord, OutgoingBatch, OutgoingRecord } from "./record.ts";
export { ensureTopics, type TopicSpecs } from "./topics.ts";
export { type KafkaSecurity } from "./security.ts";
export { kafkaSettings, kafkaVariables, readKafka } from "./settings.ts";
export { signingBytesMax } from "./signature.ts";
export { createRecordSigner, type RecordSigner } from "./signer.ts";
export { createRecordVerifier, type Forgery, type RecordVerifier } from "./verifier.ts";
