import type { NativeBlock } from "../src/native-block.ts";

// Every column and edge case goes through the real server and must come back as it was pushed.
export const every = {
  n: "UInt32",
  uuid: "UUID",
  id: "LowCardinality(UUID)",
  at: "DateTime64(3, 'UTC')",
  key: "UInt64",
  delta: "Int64",
  count: "UInt32",
  kind: "Enum8('event' = 1, 'screen' = 2)",
  label: "LowCardinality(String)",
  raw: "String",
  real: "Float64",
  texts: "Map(LowCardinality(String), String)",
  numbers: "Map(LowCardinality(String), Float64)",
} as const;

export interface Row {
  uuid: string;
  id: string;
  at: number;
  key: bigint;
  delta: number;
  count: number;
  kind: 1 | 2;
  label: string;
  raw: string;
  real: number;
  texts: [string, string][];
  numbers: [string, number][];
}

export const plain: Row = {
  uuid: "00000000-0000-0000-0000-000000000000",
  id: "00000000-0000-0000-0000-000000000000",
  at: 0,
  key: 0n,
  delta: 0,
  count: 0,
  kind: 1,
  label: "",
  raw: "",
  real: 0,
  texts: [],
  numbers: [],
};

export const edges: Row[] = [
  plain,
  { ...plain, uuid: "0123abcd-4567-89ef-fedc-ba9876543210", kind: 2 },
  { ...plain, id: "0123abcd-4567-89ef-fedc-ba9876543210" },
  { ...plain, id: "0123ABCD-4567-89EF-FEDC-BA9876543210" },
  { ...plain, uuid: "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF", key: 2n ** 64n - 1n },
  { ...plain, at: Date.UTC(2026, 10, 24, 1, 2, 3, 4), delta: -1 },
  { ...plain, at: Date.UTC(1900, 0, 1), delta: -(2 ** 53) },
  { ...plain, at: Date.UTC(2299, 11, 31, 23, 59, 59, 999), delta: 2 ** 53 },
  { ...plain, at: -1, key: 2n ** 63n, delta: 2 ** 32 },
  { ...plain, label: "é", raw: "\u0000\u0001", real: -0 },
  { ...plain, label: "x".repeat(63), raw: "x".repeat(64), real: 2 ** 53 },
  { ...plain, label: "x".repeat(127), raw: "x".repeat(128), real: Number.MAX_VALUE },
  { ...plain, label: "👩‍🚀", raw: "👩‍🚀".repeat(100), real: Number.MIN_VALUE },
  { ...plain, texts: [["", ""]], numbers: [["", -0]] },
  {
    ...plain,
    texts: [
      ["a", "1"],
      ["b", "ü"],
    ],
    numbers: [
      ["a", 0.1],
      ["b", -1e308],
      ["c", 5e-324],
    ],
  },
];

export function fill(block: NativeBlock<typeof every>, rows: Row[], first: number): void {
  const c = block.columns;
  for (const [index, row] of rows.entries()) {
    c.n.push(first + index);
    c.uuid.push(row.uuid);
    c.id.push(row.id);
    c.at.push(row.at);
    c.key.pushWords(Number(row.key & 0xffffffffn), Number(row.key >> 32n));
    c.delta.push(row.delta);
    c.count.push(row.count);
    c.kind.push(row.kind);
    c.label.push(row.label);
    c.raw.push(row.raw);
    c.real.push(row.real);
    for (const [key, value] of row.texts) c.texts.add(key, value);
    c.texts.endRow();
    for (const [key, value] of row.numbers) c.numbers.add(key, value);
    c.numbers.endRow();
  }
}

/** The row that the server should return, and the one it returned, in one form. */
export function fromAnswer(values: unknown[]) {
  const [uuid, id, at, key, delta, count, kind, label, raw, real, texts, numbers] = values as string[];
  return {
    uuid,
    id,
    at: Number(at),
    key,
    delta,
    count: Number(count),
    kind: Number(kind),
    label: unpacked(label),
    raw: unpacked(raw),
    real,
    texts: (texts as unknown as [string, string][]).map(([k, v]) => [unpacked(k), unpacked(v)]),
    numbers: (numbers as unknown as [string, string][]).map(([k, v]) => [unpacked(k), v]),
  };
}

export function asRead(row: Row): ReturnType<typeof fromAnswer> {
  return {
    uuid: row.uuid.toLowerCase(),
    id: row.id.toLowerCase(),
    at: row.at,
    key: String(row.key),
    delta: String(BigInt(row.delta)),
    count: row.count,
    kind: row.kind,
    label: row.label.toWellFormed(),
    raw: row.raw.toWellFormed(),
    real: bits(row.real),
    texts: row.texts.map(([k, v]) => [k.toWellFormed(), v.toWellFormed()]),
    numbers: row.numbers.map(([k, v]) => [k.toWellFormed(), bits(v)]),
  };
}

function unpacked(base64: string | undefined): string {
  return Buffer.from(base64 ?? "", "base64").toString("utf8");
}

function bits(value: number): string {
  const buffer = Buffer.alloc(8);
  buffer.writeDoubleBE(value);
  return String(buffer.readBigUInt64BE());
}
