// How bytes go wrong, and what they are packed into, for fast-check.
import {
  brotliCompressSync,
  constants,
  deflateRawSync,
  deflateSync,
  gzipSync,
  zstdCompressSync,
} from "node:zlib";
import fc from "fast-check";

export type Mutation = {
  kind: "flip" | "delete" | "repeat" | "cut" | "insert";
  at: number;
  length: number;
  byte: number;
};

export const mutation: fc.Arbitrary<Mutation> = fc.record({
  kind: fc.constantFrom("flip", "delete", "repeat", "cut", "insert"),
  at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  length: fc.integer({ min: 1, max: 16 }),
  byte: fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(...Buffer.from('"\\{}[],:0-.e\n'))),
});

export function mutated(bytes: Buffer, { kind, at, length, byte }: Mutation): Buffer {
  const from = Math.floor(at * bytes.length);
  const to = Math.min(from + length, bytes.length);
  const [head, middle, tail] = [bytes.subarray(0, from), bytes.subarray(from, to), bytes.subarray(to)];
  if (kind === "cut") return head;
  if (kind === "delete") return Buffer.concat([head, tail]);
  if (kind === "repeat") return Buffer.concat([head, middle, middle, tail]);
  if (kind === "insert") return Buffer.concat([head, Buffer.from([byte]), middle, tail]);
  const flipped = Buffer.from(bytes);
  if (flipped.length > 0) flipped[from] = (flipped[from] ?? 0) ^ (1 << (byte & 7));
  return flipped;
}

export interface Coding {
  name: string | null;
  pack: (bytes: Buffer) => Buffer;
  /** What happens to the packed bytes. */
  after: Mutation[];
}

/** At its highest level, the default, it takes milliseconds. */
const brotli = (bytes: Buffer) =>
  brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } });

export const plain: Coding = { name: null, pack: (bytes) => bytes, after: [] };
const packers: [string, Coding["pack"]][] = [
  ["gzip", gzipSync],
  ["deflate", deflateSync],
  ["br", brotli],
  ["zstd", zstdCompressSync],
  ["identity", plain.pack],
];
export const coding: fc.Arbitrary<Coding> = fc
  .record({
    packer: fc.constantFrom(
      ...packers,
      ["deflate", deflateRawSync] as (typeof packers)[0],
      ["gzip", (bytes) => gzipSync(gzipSync(bytes))] as (typeof packers)[0],
      ["gzip", (bytes) => Buffer.concat([gzipSync(bytes), gzipSync(bytes)])] as (typeof packers)[0],
      ["gzip", (bytes) => Buffer.concat([gzipSync(bytes), Buffer.from("rest")])] as (typeof packers)[0],
    ),
    name: fc.oneof(
      { weight: 6, arbitrary: fc.constant(undefined) },
      {
        weight: 1,
        arbitrary: fc.constantFrom(
          "GZIP",
          " Br ",
          "x-gzip",
          "gzip, gzip",
          "lzma",
          "",
          "gzip;q=1",
          "__proto__",
          "zstd",
        ),
      },
    ),
    after: fc.oneof(
      { weight: 3, arbitrary: fc.constant<Mutation[]>([]) },
      { weight: 1, arbitrary: fc.array(mutation, { minLength: 1, maxLength: 2 }) },
    ),
  })
  .map(({ packer: [right, pack], name, after }) => ({ name: name ?? right, pack, after }));
