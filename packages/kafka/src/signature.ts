// Signs and checks records of the catalog. Up to 64 records that are sent together share one Ed25519
// signature, made over the root of their Merkle tree. Each record carries the signature and its path to the
// root, so that it can be checked when compaction has removed the others.
// docs/decisions/0026-signed-records.md has the reasons and the figures.
import { hash, type KeyObject, sign, verify } from "node:crypto";
import { promisify } from "node:util";

/**
 * The content that a signature covers. A record without a value is a tombstone, and is signed like any other.
 */
export interface SignedContent {
  /** The topic's name without the prefix of a shared cluster. */
  topic: string;
  key: string | Buffer;
  /** The header `position`. */
  position: string | Buffer;
  value: string | Buffer | null;
}

/**
 * The number of leaves in one tree. 64 make a path of 6 hashes; more would save little of the one signature.
 * @limit records under one signature
 */
export const recordsPerSignatureMax = 64;
const pathHashesMax = 6;
const signatureBytes = 64;
const hashBytes = 32;

/**
 * The greatest number of bytes that signing adds to a record: the two headers with their names and lengths.
 * @limit what a signature adds to a record
 */
export const signingBytesMax = 320;

/** Returns the hash that stands for a record in its tree. */
export function leafOf({ topic, key, position, value }: SignedContent): Buffer {
  const parts: Buffer[] = [leafMark];
  for (const field of [topic, key, position]) {
    const bytes = Buffer.from(field);
    const length = Buffer.allocUnsafe(4);
    length.writeUInt32BE(bytes.length);
    parts.push(length, bytes);
  }
  // An empty value and a tombstone differ.
  parts.push(value === null ? absent : present, value === null ? nothing : Buffer.from(value));
  return sha256(Buffer.concat(parts));
}

/**
 * Signs records that are sent together.
 * @param leaves At least one and at most `recordsPerSignatureMax`.
 * @returns the header `signature` of each: the signature of the root, its place in the tree, its path.
 */
export function signLeaves(leaves: readonly Buffer[], privateKey: KeyObject): Buffer[] {
  // Padded to a power of two, so that the bits of a place give the side on which each hash of the path
  // belongs.
  const width = 2 ** Math.ceil(Math.log2(leaves.length));
  const levels = [Array.from({ length: width }, (_none, place) => leaves[place] ?? noLeaf)];
  for (let level = levels[0] ?? []; level.length > 1; level = levels.at(-1) ?? []) {
    const above: Buffer[] = [];
    for (let i = 0; i < level.length; i += 2) above.push(nodeOf(level[i] ?? noLeaf, level[i + 1] ?? noLeaf));
    levels.push(above);
  }
  const root = levels.at(-1)?.[0] ?? noLeaf;
  const signature = sign(null, signedBytes(root), privateKey);
  return leaves.map((_leaf, place) => {
    const path = levels.slice(0, -1).map((level, height) => level[(place >> height) ^ 1] ?? noLeaf);
    return Buffer.concat([signature, Buffer.of(place), ...path]);
  });
}

export interface SignatureParts {
  signature: Buffer;
  root: Buffer;
}

/** Returns the signature of a header and the root that it must sign; null when the header is malformed. */
export function readSignature(leaf: Buffer, header: Buffer): SignatureParts | null {
  const pathBytes = header.length - signatureBytes - 1;
  if (pathBytes < 0 || pathBytes % hashBytes !== 0 || pathBytes > pathHashesMax * hashBytes) return null;
  const place = header.readUInt8(signatureBytes);
  const height = pathBytes / hashBytes;
  if (place >= 1 << height) return null;
  let root = leaf;
  for (let at = 0; at < height; at++) {
    const start = signatureBytes + 1 + at * hashBytes;
    const sibling = header.subarray(start, start + hashBytes);
    root = (place >> at) & 1 ? nodeOf(sibling, root) : nodeOf(root, sibling);
  }
  return { signature: header.subarray(0, signatureBytes), root };
}

/** Checks the signature of a root, on a separate thread: 60 to 160 µs. */
export async function isRootSigned(
  { signature, root }: SignatureParts,
  publicKey: KeyObject,
): Promise<boolean> {
  return verifyOnThread(null, signedBytes(root), publicKey, signature);
}

const verifyOnThread = promisify(verify);

/** No record hashes to it. */
const noLeaf = Buffer.alloc(hashBytes);
// A mark of the kind comes first in each hash, so that a node can never pass for a record.
const leafMark = Buffer.of(0);
const nodeMark = Buffer.of(1);
const absent = Buffer.of(0);
const present = Buffer.of(1);
const nothing = Buffer.alloc(0);

function nodeOf(left: Buffer, right: Buffer): Buffer {
  return sha256(Buffer.concat([nodeMark, left, right]));
}

function sha256(bytes: Buffer): Buffer {
  return hash("sha256", bytes, "buffer");
}

/** The key signs nothing else with this prefix. */
const purpose = Buffer.from("mosis catalog records, version 1\0");

function signedBytes(root: Buffer): Buffer {
  return Buffer.concat([purpose, root]);
}
