import type { TelemetryBatch } from "@mosis/types/telemetry";
import type { Rules } from "./restrictions/table.ts";

/** One request that is being stored: a batch may be delivered several times. */
export interface Delivery {
  deliveryId: string;
  keyId: string;
  appId: string;
  batch: TelemetryBatch;
  /** Restrictions that hold for the app and the key; nearly always null. */
  rules: Rules | null;
  receivedAtMs: number;
  /** What is added to the client's times; 0 unless its clock is off by more than two minutes. */
  clockCorrectionMs: number;
  /** Body as sent. */
  bodyBytes: number;
  /** The most that its events may take, written out as JSON. */
  eventBytesAtMost: number;
}
