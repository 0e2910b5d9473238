import { ByteSink } from "./byte-sink.ts";
import { type NativeColumn, NumberColumn, StringColumn, UuidColumn } from "./native-columns.ts";
import { TextDictionary, UuidDictionary } from "./native-dictionary.ts";
import { Int64Column, IntegerColumn } from "./native-integers.ts";

export { ByteSink } from "./byte-sink.ts";
export { parseUuid, parseUuidText, writeUuid } from "./uuid.ts";

/** The ClickHouse types that can be written, with the column for each. */
type ColumnOf<Type extends string> = Type extends "UUID"
  ? UuidColumn
  : Type extends "LowCardinality(UUID)"
    ? UuidDictionary
    : Type extends "LowCardinality(String)"
      ? TextDictionary
      : Type extends "String"
        ? StringColumn
        : Type extends "Map(LowCardinality(String), String)"
          ? MapColumn<StringColumn>
          : Type extends "Map(LowCardinality(String), Float64)"
            ? MapColumn<NumberColumn>
            : Type extends "UInt64" | `DateTime64(${string})`
              ? Int64Column
              : Type extends "Int64" | "UInt32"
                ? IntegerColumn
                : Type extends "Float64" | `Enum8(${string})`
                  ? NumberColumn
                  : never;

export type ColumnTypes = Readonly<Record<string, string>>;
export type ColumnsOf<Types extends ColumnTypes> = { readonly [Name in keyof Types]: ColumnOf<Types[Name]> };

/**
 * A ClickHouse Native block that is filled row by row, column by column, and encoded once. Blocks of the same
 * columns may be concatenated: an `INSERT … FORMAT Native` accepts several.
 */
export interface NativeBlock<Types extends ColumnTypes> {
  /** The columns. Push exactly one value to every column for each row. */
  readonly columns: ColumnsOf<Types>;
  /** Returns the number of rows of the first column. */
  rows(): number;
  /** Returns the exact number of bytes that `encode` would return now. */
  byteLength(): number;
  /**
   * Returns the block as a buffer of its own. The columns are empty afterwards and keep their memory.
   * @throws Error when the columns differ in length: a bug of the caller, which would shift values between
   * rows.
   */
  encode(): Buffer;
  /** Forgets all rows. */
  reset(): void;
}

/**
 * Opens an empty block.
 * @param types Column name → ClickHouse type, in the order of the wire.
 */
export function openBlock<const Types extends ColumnTypes>(types: Types): NativeBlock<Types> {
  const entries = Object.entries(types).map(([name, type]) => ({ name, type, column: columnOf(type) }));
  const columns = Object.fromEntries(entries.map(({ name, column }) => [name, column]));
  const headerBytes = entries.reduce((sum, { name, type }) => sum + textBytes(name) + textBytes(type), 0);
  const all = entries.map(({ column }) => column);
  const rows = () => all[0]?.rows ?? 0;
  const byteLength = () => {
    let sum = headerBytes + varintBytes(all.length) + varintBytes(rows());
    for (const { type, column } of entries) {
      sum += column.byteLength();
      // The name of an integer type has one byte of length, whatever its width.
      if (column.narrowType) sum += column.narrowType().length - type.length;
    }
    return sum;
  };
  const reset = () => {
    for (const column of all) column.reset();
  };
  return {
    columns: columns as ColumnsOf<Types>,
    rows,
    byteLength,
    reset,
    encode() {
      const count = rows();
      // Texts reserve their worst case: without spare room the last one would move the whole block.
      const out = new ByteSink(byteLength() + 1024);
      out.varint(entries.length);
      out.varint(count);
      for (const { name, type, column } of entries) {
        if (column.rows !== count) throw new Error(`${name} has ${column.rows} rows, the block has ${count}`);
        out.text(name);
        out.text(column.narrowType?.() ?? type);
        column.writePrefix(out);
        column.writeData(out);
      }
      reset();
      return out.view();
    },
  };
}

/**
 * A column of type Map(LowCardinality(String), V). Entries are added to the open row, which `endRow` closes.
 */
class MapColumn<V extends StringColumn | NumberColumn> implements NativeColumn {
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

  /** Adds a key, given as UTF-8. The caller pushes exactly one value to the returned column. */
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

function columnOf(type: string): NativeColumn {
  if (type === "UUID") return new UuidColumn();
  if (type === "LowCardinality(String)") return new TextDictionary();
  if (type === "LowCardinality(UUID)") return new UuidDictionary();
  if (type === "String") return new StringColumn();
  if (type === "UInt32") return new IntegerColumn({ isSigned: false });
  if (type === "Int64") return new IntegerColumn({ isSigned: true });
  if (type === "Float64") return new NumberColumn(new Float64Array(firstRows));
  if (type.startsWith("Enum8(")) return new NumberColumn(new Int8Array(firstRows));
  if (type === "UInt64" || type.startsWith("DateTime64(")) return new Int64Column();
  if (type === "Map(LowCardinality(String), String)") return new MapColumn(new StringColumn());
  if (type === "Map(LowCardinality(String), Float64)") {
    return new MapColumn(new NumberColumn(new Float64Array(firstRows)));
  }
  throw new Error(`${type} cannot be written as a Native column`);
}

const firstRows = 1024;

function textBytes(text: string): number {
  const bytes = Buffer.byteLength(text);
  return varintBytes(bytes) + bytes;
}

function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest > 127; rest = Math.floor(rest / 128)) bytes++;
  return bytes;
}
