import type { AppEntry } from "../../../access/access-table.ts";

/** How many events of one app a request has. */
export interface Share {
  app: AppEntry;
  events: number;
  /** Of them those that will be refused, once somebody has looked. */
  refused?: number;
  /** What became of those that were not accepted, once they were appended. */
  found?: { refused: number; dropped: number };
  /** What was taken for them, of the app's day and of the buckets. */
  taken?: { day: number; rate: number };
}

/** Where a request comes from. */
export interface Sender {
  network: string;
  /** Looks which events will be refused, and says it of each share: costs as much as storing them. */
  judge: () => void;
}

/** Adds a batch to the shares of its request, of which there is nearly always one. */
export function addShare(shares: Share[], app: AppEntry, events: number): void {
  const share = shares.find((known) => known.app === app);
  if (share) share.events += events;
  else shares.push({ app, events });
}
