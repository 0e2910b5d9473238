import type { ByteSink } from "./byte-sink.ts";
import { type NativeColumn, type NumberColumn, StringColumn, UuidColumn } from "./native-columns.ts";
import { Int64Column } from "./native-integers.ts";

const firstRows = 1024;
/** Flag: the keys stand in the block itself. The low bits are the width of the indexes. */
const hasAdditionalKeys = 512;
/** Version of the dictionary serialisation: one shared dictionary with additional keys. */
const serialisation = 1;

/** LowCardinality: the distinct values of the block, and an index into them for each row. */
export class DictionaryColumn implements NativeColumn {
  rows = 0;
  private indexes = new Uint32Array(firstRows);
  private readonly ids = new Map<string, number>();
  private readonly keys: StringColumn | UuidColumn;
  private readonly defaultKey: string;
  // The last value: neighbours often share it, and comparing is cheaper than a look-up.
  private last: string;
  private lastId = 0;

  /**
   * @param keys an empty column of the dictionary's type.
   * @param defaultKey the default value of that type, which has index 0 by definition of the format.
   */
  constructor(keys: StringColumn | UuidColumn, defaultKey: string) {
    this.keys = keys;
    this.defaultKey = defaultKey;
    this.last = defaultKey;
    this.reset();
  }

  push(value: string): void {
    this.fill(value, 1);
  }

  fill(value: string, count: number): void {
    const id = value === this.last ? this.lastId : this.idOf(value);
    const end = this.rows + count;
    if (end > this.indexes.length) this.grow(end);
    if (count === 1) this.indexes[this.rows] = id;
    else this.indexes.fill(id, this.rows, end);
    this.rows = end;
  }

  byteLength(): number {
    if (this.rows === 0) return 8;
    return 8 + 8 + 8 + this.keys.byteLength() + 8 + this.rows * this.indexBytes();
  }

  writePrefix(out: ByteSink): void {
    out.uint64(serialisation);
  }

  writeData(out: ByteSink): void {
    // A column of a map without entries has a prefix and no data.
    if (this.rows === 0) return;
    const width = this.indexBytes();
    out.uint64((width === 1 ? 0 : width === 2 ? 1 : 2) | hasAdditionalKeys);
    out.uint64(this.ids.size);
    this.keys.writeData(out);
    out.uint64(this.rows);
    const indexes = this.indexes.subarray(0, this.rows);
    out.array(width === 1 ? new Uint8Array(indexes) : width === 2 ? new Uint16Array(indexes) : indexes);
  }

  reset(): void {
    this.rows = 0;
    this.ids.clear();
    this.keys.reset();
    this.idOf(this.defaultKey);
  }

  private idOf(value: string): number {
    let id = this.ids.get(value);
    if (id === undefined) {
      // Two values may be one key: texts that differ only in lone surrogates, a UUID in either case.
      // ClickHouse takes a dictionary with a repeated key as it is: both indexes read back as the same.
      id = this.ids.size;
      this.ids.set(value, id);
      this.keys.push(value);
    }
    this.last = value;
    this.lastId = id;
    return id;
  }

  private indexBytes(): 1 | 2 | 4 {
    const { size } = this.ids;
    return size <= 0x100 ? 1 : size <= 0x1_0000 ? 2 : 4;
  }

  private grow(needed: number): void {
    const larger = new Uint32Array(Math.max(needed, this.indexes.length * 2));
    larger.set(this.indexes);
    this.indexes = larger;
  }
}

/** LowCardinality(String). */
export function textDictionary(): DictionaryColumn {
  return new DictionaryColumn(new StringColumn(), "");
}

/** LowCardinality(UUID). */
export function uuidDictionary(): DictionaryColumn {
  return new DictionaryColumn(new UuidColumn(), "00000000-0000-0000-0000-000000000000");
}

/** Map(LowCardinality(String), V). Entries are added to the open row, which `endRow` closes. */
export class MapColumn<V extends StringColumn | NumberColumn> implements NativeColumn {
  private readonly ends = new Int64Column();
  private readonly keys = textDictionary();
  private readonly values: V;

  constructor(values: V) {
    this.values = values;
  }

  get rows(): number {
    return this.ends.rows;
  }

  add(key: string, value: V extends StringColumn ? string : number): void {
    this.keys.push(key);
    this.values.push(value as never);
  }

  endRow(): void {
    this.ends.push(this.values.rows);
  }

  byteLength(): number {
    return this.ends.byteLength() + this.keys.byteLength() + this.values.byteLength();
  }

  writePrefix(out: ByteSink): void {
    this.keys.writePrefix(out);
  }

  writeData(out: ByteSink): void {
    this.ends.writeData(out);
    this.keys.writeData(out);
    this.values.writeData(out);
  }

  reset(): void {
    this.ends.reset();
    this.keys.reset();
    this.values.reset();
  }
}
