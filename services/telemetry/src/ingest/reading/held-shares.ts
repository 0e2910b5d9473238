/**
 * Counts how much of the memory for arriving bodies one account or one network holds. Slow senders hold it
 * for as long as a body may take, so without shares one of them would keep everybody else out.
 */
export class HeldShares {
  private readonly bytesOf = new Map<string, number>();
  private readonly crowdedFrom: number;
  private readonly shareMax: number;

  /**
   * @param heldBytesMax the limit of all bodies together: a share is a quarter of it, and applies once half
   * is taken.
   */
  constructor(heldBytesMax: number) {
    this.crowdedFrom = heldBytesMax / 2;
    this.shareMax = heldBytesMax / 4;
  }

  add(holders: readonly string[], bytes: number): void {
    for (const holder of holders) this.bytesOf.set(holder, (this.bytesOf.get(holder) ?? 0) + bytes);
  }

  giveBack(holders: readonly string[], bytes: number): void {
    if (bytes === 0) return;
    for (const holder of holders) {
      const left = (this.bytesOf.get(holder) ?? 0) - bytes;
      if (left > 0) this.bytesOf.set(holder, left);
      else this.bytesOf.delete(holder);
    }
  }

  /**
   * Returns true when one of the holders has more than its share.
   * @param held bytes of all bodies that are arriving.
   */
  isTooMuch(holders: readonly string[], held: number): boolean {
    if (held <= this.crowdedFrom) return false;
    return holders.some((holder) => (this.bytesOf.get(holder) ?? 0) > this.shareMax);
  }
}
