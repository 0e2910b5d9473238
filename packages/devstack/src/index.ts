export { startKafka } from "./kafka.ts";
export { type Server, StackError } from "./server.ts";
export { type Stack, type StackPorts, type StackUrls, startEmbedded, writeEndpoints } from "./stack.ts";
