import type { AppEntry } from "../../../access/access-table.ts";

/** How many events of one app a request has. */
export interface Share {
  app: AppEntry;
  events: number;
  /** How many of them will be refused; set once the events were judged. */
  refused?: number;
  /** The events that were not accepted; set once they were appended. */
  found?: { refused: number; dropped: number };
  /** The events that were taken from the app's day and from the buckets. */
  taken?: { day: number; rate: number };
}

/** Where a request comes from. */
export interface Sender {
  network: string;
  /**
   * Judges which events will be refused, and writes their number into each share. This costs as much as
   * storing them.
   */
  judge: () => void;
}

/** Adds a batch to the shares of its request, of which there is nearly always one. */
export function addShare(shares: Share[], app: AppEntry, events: number): void {
  const share = shares.find((known) => known.app === app);
  if (share) share.events += events;
  else shares.push({ app, events });
}
