import type { Logger } from "@mosis/runtime";
import { type Topic, topics } from "@mosis/types/topics";
import { storeApps } from "./apps.ts";
import { storeAudit } from "./audit.ts";
import type { Gathered } from "./gather.ts";
import { type StoreDeps, storeEvents } from "./insert.ts";
import { storeRejected } from "./rejected.ts";

/** Every topic that the writer reads, and what it does with the records. */
export const writtenTopics = {
  /** → `events_raw`, `ingest_batches_raw` */
  [topics.events]: storeEvents,
  /** → `rejected_events_raw` */
  [topics.rejected]: storeRejected,
  /** → `audit_events_raw` */
  [topics.audit]: storeAudit,
  /** → `apps_raw` and the names in `apps_dictionary` */
  [topics.apps]: storeApps,
} as const satisfies Partial<
  Record<Topic, (deps: StoreDeps & { log: Logger }, gathered: Gathered) => Promise<void>>
>;
