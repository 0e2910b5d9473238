import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import {
  isRootSigned,
  leafOf,
  readSignature,
  recordsPerSignatureMax,
  signingBytesMax,
  signLeaves,
} from "./signature.ts";

const { privateKey, publicKey } = generateKeyPairSync("ed25519");
const contents = Array.from({ length: recordsPerSignatureMax }, (_none, n) => ({
  topic: "catalog.keys",
  key: `key-${n}`,
  position: String(n),
  value: n % 3 === 0 ? null : `value ${n}`,
}));

async function isSigned(leaf: Buffer, header: Buffer): Promise<boolean> {
  const parts = readSignature(leaf, header);
  return parts !== null && (await isRootSigned(parts, publicKey));
}

test("every record of a group proves itself without the others, whatever their number", async () => {
  for (let count = 1; count <= recordsPerSignatureMax; count++) {
    const leaves = contents.slice(0, count).map(leafOf);
    const headers = signLeaves(leaves, privateKey);
    for (const [place, leaf] of leaves.entries()) {
      assert.ok(await isSigned(leaf, headers[place] as Buffer), `${place} of ${count}`);
    }
    assert.ok(headers.every((header) => header.length + 60 <= signingBytesMax));
  }
});

test("a signature is of its own record: topic, key, position, value and their absence", async () => {
  const content = { topic: "catalog.keys", key: "key", position: "17", value: "value" };
  const [header] = signLeaves([leafOf(content)], privateKey) as [Buffer];
  assert.ok(await isSigned(leafOf(content), header));
  const others = [
    { topic: "catalog.apps" },
    { key: "kez" },
    { position: "18" },
    { value: "other" },
    { value: null },
    { value: "" },
    // The same bytes, divided in another way.
    { key: "key17", position: "" },
    { topic: "catalog.keyskey", key: "" },
  ];
  for (const other of others) {
    assert.equal(await isSigned(leafOf({ ...content, ...other }), header), false, JSON.stringify(other));
  }
  const [gone] = signLeaves([leafOf({ ...content, value: null })], privateKey) as [Buffer];
  assert.equal(await isSigned(leafOf({ ...content, value: "" }), gone), false);
});

test("no changed bit and no other length of a signature is accepted", async () => {
  const leaves = contents.slice(0, 5).map(leafOf);
  const [, header] = signLeaves(leaves, privateKey) as [Buffer, Buffer];
  const leaf = leaves[1] as Buffer;
  for (let bit = 0; bit < header.length * 8; bit++) {
    const changed = Buffer.from(header);
    changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
    assert.equal(await isSigned(leaf, changed), false, `bit ${bit}`);
  }
  for (let length = 0; length < header.length; length++) {
    assert.equal(await isSigned(leaf, header.subarray(0, length)), false, `${length} bytes`);
  }
  assert.equal(await isSigned(leaf, Buffer.concat([header, Buffer.alloc(32)])), false);
  assert.equal(await isSigned(leaf, Buffer.concat([header, Buffer.alloc(32 * 40)])), false);
});
