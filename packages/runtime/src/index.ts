export {
  addressRanges,
  type AddressRanges,
  isAddressRange,
  isWithinRanges,
  mappedIPv4,
  plainRange,
} from "./address-ranges.ts";
export { asksForHelp, readCommandLine, readFlags } from "./command-line.ts";
export {
  addressRangeList,
  brokerList,
  custom,
  type EnvSpec,
  type EnvValues,
  integer,
  oneOf,
  optionalHeaderName,
  optionalText,
  optionalUrl,
  originList,
  port,
  readEnv,
  secretKeyList,
  text,
  url,
} from "./env.ts";
export { FairQueue, type FairQueueLimits, type FairQueueWords, QueueFull } from "./fair-queue.ts";
export { newId } from "./id.ts";
export {
  listenTarget,
  type ListenTarget,
  listenVariables,
  publicTarget,
  type PublicTarget,
  publicVariables,
} from "./listening.ts";
export { createLifecycle, endProcess, type Lifecycle } from "./lifecycle.ts";
export { createLogger, type Logger } from "./logger.ts";
export { createMetrics, type Metrics } from "./metrics.ts";
export {
  type SquashedHistory,
  hasSquashedHistory,
  readSquashedHistory,
  readRemadeFiles,
  type RemadeFile,
} from "./schema-files.ts";
export { selfTelemetryTarget, selfTelemetryVariables } from "./self-telemetry.ts";
export { TokenBucket } from "./token-bucket.ts";
export { Unavailable } from "./unavailable.ts";
