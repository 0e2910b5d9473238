import type { ByteSink } from "./byte-sink.ts";
import type { NativeColumn, NumberColumn, StringColumn } from "./native-columns.ts";
import { TextDictionary } from "./native-dictionary.ts";
import { Int64Column } from "./native-integers.ts";

/** Map(LowCardinality(String), V). Entries are added to the open row, which `endRow` closes. */
export class MapColumn<V extends StringColumn | NumberColumn> implements NativeColumn {
  private readonly ends = new Int64Column();
  private readonly keys = new TextDictionary();
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

  /** The key's bytes are UTF-8. The caller pushes exactly one value to `values`. */
  addKey(source: Uint8Array, at: number, length: number): V {
    this.keys.pushBytes(source, at, length);
    return this.values;
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
