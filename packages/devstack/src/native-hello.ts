// Reads the first two packets of a client in ClickHouse's native protocol, and writes the answer to a client
// that is refused.

/** The first packet of a client. Texts are bytes as they came: nobody has checked that they are UTF-8. */
export interface Hello {
  revision: number;
  database: Buffer;
  user: Buffer;
  password: Buffer;
  /** The bytes of the packet: more may have arrived with it. */
  length: number;
}

/**
 * The largest packet: no known client sends more, and nothing beyond it is kept in memory.
 * @limit a packet of a native handshake with the embedded ClickHouse
 */
export const packetBytesMax = 16_384;

const [helloPacket, exceptionPacket] = [0, 2];
/** The protocol revisions from which a client sends an addendum, and from which it has each field. */
const withAddendum = 54_458;
const withChunks = 54_470;
const withReplicas = 54_471;

/** The packet that was read; null when it is not complete yet, "invalid" when it cannot become a packet. */
type Read<T> = T | "invalid" | null;

/** Reads a Hello from the beginning of what has arrived. */
export function readHello(bytes: Buffer): Read<Hello> {
  return reading(bytes, ({ varint, text, offset }) => {
    if (varint() !== helloPacket) throw new Invalid();
    text();
    varint();
    varint();
    const revision = varint();
    return { revision, database: text(), user: text(), password: text(), length: offset() };
  });
}

/** Reads what a client sends after the server's Hello. @returns its length. */
export function readAddendum(bytes: Buffer, revision: number): Read<{ length: number }> {
  return reading(bytes, ({ varint, text, offset }) => {
    if (revision >= withAddendum) text();
    if (revision >= withChunks) {
      // The server sends no chunks, and ends the connection of a client that insists.
      for (const way of [text(), text()]) if (String(way) === "chunked") throw new Invalid();
    }
    if (revision >= withReplicas) varint();
    return { length: offset() };
  });
}

/** Returns an addendum that asks for nothing. */
export function addendumBytes(revision: number): Buffer {
  return Buffer.concat([
    ...(revision >= withAddendum ? [textBytes("")] : []),
    ...(revision >= withChunks ? [textBytes("notchunked"), textBytes("notchunked")] : []),
    ...(revision >= withReplicas ? [varintBytes(0)] : []),
  ]);
}

interface Reader {
  varint: () => number;
  text: () => Buffer;
  offset: () => number;
}

function reading<T>(bytes: Buffer, read: (reader: Reader) => T): Read<T> {
  let offset = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = bytes[offset++];
      if (byte === undefined) throw new Incomplete();
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
    throw new Invalid();
  };
  const text = (): Buffer => {
    const length = varint();
    if (length > packetBytesMax) throw new Invalid();
    if (offset + length > bytes.length) throw new Incomplete();
    offset += length;
    return bytes.subarray(offset - length, offset);
  };
  try {
    return read({ varint, text, offset: () => offset });
  } catch (error) {
    if (error instanceof Invalid) return "invalid";
    if (error instanceof Incomplete) return bytes.length < packetBytesMax ? null : "invalid";
    throw error;
  }
}

class Incomplete extends Error {}
class Invalid extends Error {}

/** Returns an exception as the server sends one; clients show it to their user. */
export function exceptionBytes(code: number, message: string): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(exceptionPacket);
  head.writeInt32LE(code, 1);
  const noNested = Buffer.alloc(1);
  return Buffer.concat([head, textBytes("DB::Exception"), textBytes(message), textBytes(""), noNested]);
}

export function textBytes(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([varintBytes(bytes.length), bytes]);
}

export function varintBytes(value: number): Buffer {
  const bytes: number[] = [];
  let left = value;
  for (; left > 127; left = Math.floor(left / 128)) bytes.push((left % 128) + 128);
  return Buffer.from([...bytes, left]);
}
