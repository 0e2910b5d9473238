import { writeUuid } from "@mosis/clickhouse/native-block";
import { deriveWords, deriveWordsOfText, idNamespace, uuidText } from "../../events/derived-id.ts";
import { otlpLimits } from "./logs.ts";

const recordsMax = otlpLimits.recordsPerRequestMax;
const slotsMax = 32_768;
const textBytes = 36;

/** The ids of a request's events, as words: what `createContentIds` does for texts. */
export class RequestIds {
  private readonly words: Uint32Array;
  /** Open addressing by the first word of an id: index + 1 of the event that has it, 0 where nothing is. */
  private readonly slots = new Int32Array(slotsMax);
  /** By index of an event: the slot it has taken, and how many others were to have its id. */
  private readonly slotOf = new Int32Array(recordsMax);
  private readonly others = new Int32Array(recordsMax);
  private taken = 0;
  private readonly list = Buffer.alloc(idNamespace.length + recordsMax * (textBytes + 1));

  /** @param words where the ids are, four an event. */
  constructor(words: Uint32Array) {
    this.words = words;
    this.list.set(idNamespace);
  }

  /** Before the events of a request. */
  open(): void {
    for (let n = 0; n < this.taken; n++) this.slots[this.slotOf[n] as number] = 0;
    this.taken = 0;
  }

  /** Makes the id of an event that was derived from its content its own: an equal one may be there before. */
  distinguish(index: number): void {
    const { words, slots } = this;
    const at = index * 4;
    let slot = (words[at] as number) & (slotsMax - 1);
    for (let entry = slots[slot] as number; entry !== 0; entry = slots[slot] as number) {
      if (this.isSame(at, (entry - 1) * 4)) return this.again(index, entry - 1);
      slot = (slot + 1) & (slotsMax - 1);
    }
    slots[slot] = index + 1;
    this.others[index] = 0;
    this.slotOf[this.taken++] = slot;
  }

  /** Derived from the ids of the first events: the id of their batch. */
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
