// Fields of protobuf as they stand on the wire, also in ways that no client writes them.

/** A varint. @param more bytes that it has without need. */
function varint(value: bigint, more = 0): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  bytes.push(Number(rest));
  for (let n = 0; n < more && bytes.length < 10; n++) {
    bytes.push((bytes.pop() as number) | 128, 0);
  }
  return Buffer.from(bytes);
}

export function lengthDelimited(field: number, value: Uint8Array, more = 0): Buffer {
  const key = varint(BigInt((field << 3) | 2), more);
  return Buffer.concat([key, varint(BigInt(value.length), more), value]);
}

export function fixed64(field: number, value: bigint): Buffer {
  const bytes = Buffer.alloc(9, (field << 3) | 1);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, value), 1);
  return bytes;
}

export function number(field: number, value: bigint, more = 0): Buffer {
  return Buffer.concat([varint(BigInt(field << 3)), varint(value, more)]);
}

export function joined(fields: readonly Buffer[]): Buffer {
  return Buffer.concat(fields);
}

export function doubleBytes(value: number): Buffer {
  const bytes = Buffer.alloc(9, (4 << 3) | 1);
  bytes.writeDoubleLE(value, 1);
  return bytes;
}
