import { droppedCodes, type EventCode, type EventResult, type TelemetryBatch } from "@mosis/types/telemetry";
import type { RestrictionAction } from "@mosis/types/telemetry-restrictions";
import type { Staging } from "./staging.ts";

/** The events of a batch, in an array or where they stand in the body. */
export interface EventList {
  readonly length: number;
  /** Returns an event as an object, or whatever was sent in its place. */
  at(index: number): unknown;
  /**
   * Returns the events in typed arrays, when they were read into them and have passed the checks of shape and
   * size.
   */
  staged?(): Staging;
}

export type IncomingBatch = Omit<TelemetryBatch, "events"> & {
  events: EventList;
  /** Set when the events have no time: they get the time of receiving, see `timeByReceipt`. */
  timeless?: true;
};

/** One request that is being stored: a batch may be delivered several times. */
export interface Delivery {
  deliveryId: string;
  keyId: string;
  appId: string;
  batch: IncomingBatch;
  /** The restrictions that hold for the app and the key; nearly always null. */
  rules: Rules | null;
  receivedAtMs: number;
  /**
   * The milliseconds that are added to the client's times; 0 unless its clock is off by more than two
   * minutes.
   */
  clockCorrectionMs: number;
  /** The size of the body as sent. */
  bodyBytes: number;
  /** The most bytes that the events may take, written out as JSON. */
  eventBytesAtMost: number;
  /** The context as it is stored with rejected events; written at the first of them. */
  contextText?: string;
}

/** The effect of a restriction on an event. When several hold for it, the strictest one counts. */
export interface Rule {
  action: RestrictionAction;
  /** The share of the sessions that is kept; 0 for events that are dropped or set aside. */
  rate: number;
}

/** The restrictions of one app and key, resolved for the events of a batch. */
export interface Rules {
  /** The rule for every name that is not in `byName`. */
  every: Rule | null;
  byName: ReadonlyMap<string, Rule>;
}

/** Returns true when the client's clock was off, so that the times of its events were corrected. */
export function isCorrected({ batch, clockCorrectionMs }: Delivery): boolean {
  return clockCorrectionMs !== 0 && batch.timeless !== true;
}

/** The result for the events of one request: accepted, rejected or dropped. */
export interface Outcome {
  accepted: number;
  rejected: number;
  /** Events that were not kept because of a restriction. */
  dropped: number;
  /** How many events were rejected or dropped for each reason; null when none was. */
  byCode: Map<EventCode, number> | null;
  /** Accepted events that carry a warning. */
  warned: number;
  results: EventResult[];
}

/**
 * Returns true when a reason means that an event is wrong, and not that its developer does not want it now.
 */
export function isRefusal(code: EventCode): boolean {
  return code !== "quarantined" && !droppedCodes.has(code);
}
