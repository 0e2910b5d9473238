/**
 * Says which block an event belongs to by its own time: one for each of three months, which goes to one table
 * partition, or the one for all other times.
 */
export interface Months {
  /**
   * Returns the index of the block for a client time: 0 to 2 are the last, the running and the next month, 3
   * is every other time.
   */
  slotOf(clientTimeMs: number): number;
  /** Returns the `month` header of a slot: "0" for slot 3, whose rows may be of any month. */
  nameOf(slot: number): string;
  /** The end of the running month. Other months are the likely ones afterwards; these stay correct. */
  untilMs: number;
}

export const slotCount = 4;
const otherSlot = 3;
const firstStored = Date.UTC(2026, 0, 1);
const endStored = Date.UTC(2041, 0, 1);

/**
 * Returns the months around a time. The last, the running and the next month take nearly all events, so that
 * a block goes to one table partition.
 */
export function monthsAround(nowMs: number): Months {
  const now = new Date(nowMs);
  const bounds = [-1, 0, 1, 2].map((step) => Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + step, 1));
  const [first = 0, second = 0, third = 0, end = 0] = bounds;
  const names = bounds.slice(0, 3).map(monthName);
  return {
    untilMs: third,
    nameOf: (slot) => names[slot] ?? "0",
    slotOf(time) {
      if (time < firstStored || time >= endStored) return otherSlot;
      if (time >= second) return time < third ? 1 : time < end ? 2 : otherSlot;
      return time >= first ? 0 : otherSlot;
    },
  };
}

function monthName(startMs: number): string {
  return new Date(startMs).toISOString().slice(0, 7).replace("-", "");
}
