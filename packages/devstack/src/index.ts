export { startClickHouse } from "./clickhouse.ts";
export { type OperationObject, operationsOf, targetOf } from "./api-document.ts";
export { cachedFolder } from "./cached-folder.ts";
export { type Contract, createContract } from "./contract.ts";
export { documentFaults } from "./document-faults.ts";
export { type FreshDatabase, freshDatabase } from "./fresh-database.ts";
export { keepRunning, type KeptServer } from "./keep-running.ts";
export { keepRotating, rotateLog } from "./rotate-log.ts";
export { startKafka } from "./kafka.ts";
export { type BrokerCertificate, kafkaAdministrator, kafkaLogin, type KafkaUser } from "./kafka-security.ts";
export { readPasswords, type StoreUser } from "./passwords.ts";
export { openRawClient, type RawAnswer, type RawClient, sendAndEnd } from "./raw-http.ts";
export { freePorts, portNear, requireFreePorts } from "./ports.ts";
export { type Server, StackError } from "./server.ts";
export {
  readStackPorts,
  readStackSource,
  type StackPorts,
  type StackSource,
  type StackUrls,
} from "./source.ts";
export { type Stack, startStack } from "./stack.ts";
export { totpCode } from "./totp.ts";
