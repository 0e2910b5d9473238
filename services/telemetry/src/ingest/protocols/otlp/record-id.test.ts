import assert from "node:assert/strict";
import { test } from "node:test";
import { uuidText } from "../../events/derived-id.ts";
import { deriveRecordId, hash, murmurHash3 } from "./record-id.ts";

// As the Python package mmh3 5.2 computes them: `hash_bytes(bytes, 0x9747b28c, False)` as four words.
const known: Record<number, string> = {
  0: "f7bed5a15b576a1c5b576a1c5b576a1c",
  1: "d6a169094ee559384ee559384ee55938",
  5: "63d86bb88e44206d61dabffe61dabffe",
  11: "04827df67f3f05e94777e50d81f98c72",
  12: "ce24f655b1f84fe10062a4f37139d11c",
  15: "aa1b5673ecd59e00c9971fc3f262c02b",
  16: "db6a35c8d046fb59b49a54beb06ae0b7",
  17: "be2218281a08b7135680fea5e3e11f77",
  33: "06743436c8fd8917307afdd190317974",
  47: "027e28d8b0088c9ac6072526bd0bdb38",
  64: "8503b77b8946fade9c36e9c220b8a368",
};
const bytes = Uint8Array.from({ length: 64 }, (_, i) => (i * 37 + 11) % 256);

test("MurmurHash3 gives what its reference gives, for every length of the last words", () => {
  const seed = new Uint32Array(4).fill(0x9747b28c);
  for (const [length, expected] of Object.entries(known)) {
    murmurHash3(bytes, 0, Number(length), seed);
    const digits = Array.from(hash, (word) => word.toString(16).padStart(8, "0"));
    assert.equal(digits.join(""), expected, `${length} bytes`);
  }
});

// Another rule would make a new id of every record that is stored, and show what is sent again twice.
test("the id of a record never changes, and depends on its bytes and its source only", () => {
  const idOf = (message: Uint8Array, source: number[], start = 0) => {
    const words = new Uint32Array(4);
    deriveRecordId({ bytes: message, start, end: start + 33 }, Uint32Array.from(source), words, 0);
    return uuidText(words, 0);
  };
  const id = idOf(bytes, [1, 2, 3, 4]);
  assert.equal(id, "57322c79-a9d6-84ff-b908-d6bc313af48d");
  assert.equal(idOf(Uint8Array.of(9, 9, ...bytes), [1, 2, 3, 4], 2), id);
  const others = [
    idOf(bytes, [1, 2, 3, 5]),
    idOf(bytes.with(32, 0), [1, 2, 3, 4]),
    idOf(bytes.with(0, 0), [1, 2, 3, 4]),
  ];
  assert.equal(new Set([id, ...others]).size, 4);
});
