import { randomInt } from "node:crypto";
import { parseUuidText, writeUuid } from "@mosis/clickhouse/native-block";
import { deriveWords, deriveWordsOfText, idNamespace, uuidText } from "../../events/derived-id.ts";
import { otlpLimits } from "./logs.ts";
import { deriveRecordId } from "./record-id.ts";

const recordsMax = otlpLimits.recordsPerRequestMax;
const slotsMax = 32_768;
/** Leaves as many of 31 bits as a slot has. */
const slotShift = 16;
const factors = Array.from({ length: 4 }, () => randomInt(2 ** 31) * 2 + 1);
const textBytes = 36;

/** The ids of a request's events as words: does what `createDistinctIds` does for texts. */
export class RequestIds {
  private readonly words: Uint32Array;
  /**
   * A hash table with open addressing by `slotOfId`: the index + 1 of the event that has the id, 0 in a free
   * place.
   */
  private readonly slots = new Int32Array(slotsMax);
  /** The slot that each event has taken, and how many others would have had its id, by index of the event. */
  private readonly slotOf = new Int32Array(recordsMax);
  private readonly others = new Int32Array(recordsMax);
  private taken = 0;
  private readonly list = Buffer.alloc(idNamespace.length + recordsMax * (textBytes + 1));
  private readonly source = new Uint32Array(4);

  /**
   * Makes ids.
   * @param words the ids, four words an event.
   */
  constructor(words: Uint32Array) {
    this.words = words;
    this.list.set(idNamespace);
  }

  /** Prepares for the events of a request. */
  open(): void {
    for (let n = 0; n < this.taken; n++) this.slots[this.slotOf[n] as number] = 0;
    this.taken = 0;
  }

  /** Sets where the next records come from: see `sourceOf`. */
  from(source: string): void {
    parseUuidText(source, this.source, 0);
  }

  /** Derives the id of an event from its record, which stands between two places of the body. */
  derive(index: number, bytes: Uint8Array, start: number, end: number): void {
    deriveRecordId({ bytes, start, end }, this.source, this.words, index * 4);
    this.distinguish(index);
  }

  /** Makes an id that was derived from an event's content unique: another event may have the same content. */
  private distinguish(index: number): void {
    const { slots } = this;
    const at = index * 4;
    let slot = this.slotOfId(at);
    for (let entry = slots[slot] as number; entry !== 0; entry = slots[slot] as number) {
      if (this.isSame(at, (entry - 1) * 4)) return this.again(index, entry - 1);
      slot = (slot + 1) & (slotsMax - 1);
    }
    slots[slot] = index + 1;
    this.others[index] = 0;
    this.slotOf[this.taken++] = slot;
  }

  /** Returns the id of a batch, derived from the ids of its first events. */
  batchId(events: number): string {
    const { list, words } = this;
    let at = idNamespace.length;
    for (let index = 0; index < events; index++) {
      if (index > 0) list[at++] = comma;
      writeUuid(words, index * 4, list, at);
      at += textBytes;
    }
    deriveWords(list.subarray(0, at), batchWords, 0);
    return uuidText(batchWords, 0);
  }

  /** Returns a slot by random numbers of this process, so that nobody can send ids that share a slot. */
  private slotOfId(at: number): number {
    let sum = 0;
    for (let n = 0; n < 4; n++) sum += Math.imul(this.words[at + n] as number, factors[n] as number);
    return (sum & 0x7fffffff) >>> slotShift;
  }

  private isSame(at: number, other: number): boolean {
    const { words } = this;
    for (let n = 0; n < 4; n++) if (words[at + n] !== words[other + n]) return false;
    return true;
  }

  private again(index: number, first: number): void {
    const before = (this.others[first] as number) + 1;
    this.others[first] = before;
    deriveWordsOfText(`${uuidText(this.words, first * 4)} ${before}`, this.words, index * 4);
  }
}

const comma = 0x2c;
const batchWords = new Uint32Array(4);
