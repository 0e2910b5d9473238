import { ByteSink } from "./byte-sink.ts";
import { Int64Column, type NativeColumn, type NumberColumn, type StringColumn } from "./native-columns.ts";

const firstRows = 1024;
/** Flag: the keys stand in the block itself. The low bits are the width of the indexes. */
const hasAdditionalKeys = 512;
/** Version of the dictionary serialisation: one shared dictionary with additional keys. */
const serialisation = 1;

/** LowCardinality(String): the distinct texts of the block, and an index into them for each row. */
export class TextColumn implements NativeColumn {
  rows = 0;
  private indexes = new Uint32Array(firstRows);
  // Key 0 is the default value of the type, by definition of the format.
  private readonly ids = new Map<string, number>([["", 0]]);
  private readonly keys = new ByteSink(4096);

  constructor() {
    this.keys.text("");
  }

  push(text: string): void {
    this.fill(text, 1);
  }

  fill(text: string, count: number): void {
    const id = this.idOf(text);
    const end = this.rows + count;
    if (end > this.indexes.length) this.grow(end);
    if (count === 1) this.indexes[this.rows] = id;
    else this.indexes.fill(id, this.rows, end);
    this.rows = end;
  }

  byteLength(): number {
    if (this.rows === 0) return 8;
    return 8 + 8 + 8 + this.keys.length + 8 + this.rows * this.indexBytes();
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
    out.array(this.keys.view());
    out.uint64(this.rows);
    const indexes = this.indexes.subarray(0, this.rows);
    out.array(width === 1 ? new Uint8Array(indexes) : width === 2 ? new Uint16Array(indexes) : indexes);
  }

  reset(): void {
    this.rows = 0;
    this.ids.clear();
    this.ids.set("", 0);
    this.keys.reset();
    this.keys.text("");
  }

  private idOf(text: string): number {
    const known = this.ids.get(text);
    if (known !== undefined) return known;
    // Two texts that differ only in lone surrogates become the same UTF-8. ClickHouse takes a
    // dictionary with a repeated key as it is: both indexes read back as the same text.
    const id = this.ids.size;
    this.ids.set(text, id);
    this.keys.text(text);
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

/** Map(LowCardinality(String), V). Entries are added to the open row, which `endRow` closes. */
export class MapColumn<V extends StringColumn | NumberColumn> implements NativeColumn {
  private readonly ends = new Int64Column();
  private readonly keys = new TextColumn();
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
