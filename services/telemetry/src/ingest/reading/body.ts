import { isUtf8 } from "node:buffer";
import type { IncomingMessage } from "node:http";
import {
  brotliDecompressSync,
  constants,
  gunzipSync,
  inflateSync,
  type ZlibOptions,
  zstdDecompressSync,
} from "node:zlib";
import { codingOf } from "@mosis/http";
import type { ProblemCode } from "@mosis/types/problems";
import { telemetryLimits } from "@mosis/types/telemetry";
import { HeldShares } from "./held-shares.ts";

/** Why a body is not accepted. */
interface BodyRefusal {
  code: ProblemCode;
  detail: string;
}

/** A body as it was sent. `decodeBody` makes a `Body` of it. */
export interface SentBody {
  /**
   * The pieces as they arrived: joining large ones costs as much as reading them, so it waits for a good key.
   */
  pieces: readonly Buffer[];
  /** The bytes of all pieces. */
  length: number;
  coding: Coding;
}

export interface Body {
  /** The bytes after inflating. */
  bytes: Buffer;
  /** How many bytes were sent. */
  sentBytes: number;
  form: BodyForm;
}

/** The form of a body. `ndjson` has one event a line, and the fields of the batch in headers. */
type BodyForm = "json" | "ndjson" | "protobuf";

/** The content types that a protocol accepts. */
export interface BodyTypes {
  /**
   * Returns the form of a content type, or null for a type that is not accepted.
   * @param type the header, "" without one.
   */
  formOf(type: string): BodyForm | null;
  /** Says what the client should send instead. */
  unsupported: string;
}

export interface BodyLimits {
  /** The time from the headers to the last byte. */
  bodyTimeoutMs: number;
  /** The limit for all bodies that are arriving, together. */
  heldBytesMax: number;
}

type Inflate = (bytes: Buffer, options: ZlibOptions) => Buffer;

/** The memory that a body may ask for to be inflated with, 8 MiB, as RFC 8878 §3.1.1.1.2 recommends. */
const zstdOptions = { params: { [constants.ZSTD_d_windowLogMax]: 23 } };

/**
 * The content codings that are accepted. They are synchronous on purpose: a body inflates in 50 µs, less than
 * a trip to the thread pool, and a bomb stops at the limit after 5 ms with nothing else in memory.
 */
const inflaters: Readonly<Record<string, Inflate>> = {
  gzip: gunzipSync,
  deflate: inflateSync,
  br: brotliDecompressSync,
  zstd: (bytes, { maxOutputLength = 0, chunkSize = 0 }) =>
    zstdDecompressSync(bytes, { ...zstdOptions, maxOutputLength, chunkSize }),
};

/** How large a body may be. */
interface SizeLimits {
  bytesMax: number;
  /** How many pieces it may arrive in, as chunks or as packets. */
  piecesMax: number;
}

interface ReadOptions {
  types: BodyTypes;
  limits: SizeLimits;
  /** The account and the network that the body comes from: see `HeldShares`. */
  holders: readonly string[];
}

export interface BodyReader {
  /**
   * Reads a request's body and counts every limit while it arrives. It calls back exactly once, unless the
   * client goes away: then never.
   */
  read(req: IncomingMessage, how: ReadOptions, done: (result: SentBody | BodyRefusal) => void): void;
  /** Returns the bytes of bodies that are still arriving. */
  heldBytes(): number;
  close(): void;
}

interface Arriving {
  holders: readonly string[];
  chunks: Buffer[];
  bytes: number;
  /**
   * The bytes that are charged to its holders. The last piece of a body of a known length is charged to
   * nobody.
   */
  heldBytes: number;
  /** Called when the body is finished; null after that. */
  done: ((result: SentBody | BodyRefusal) => void) | null;
  deadlineMs: number;
}

export function createBodyReader(limits: BodyLimits): BodyReader {
  const { bodyTimeoutMs, heldBytesMax } = limits;
  // They are in the order of their deadlines, because all have the same time: one sweep replaces a timer for
  // each request.
  const arriving = new Set<Arriving>();
  const shares = new HeldShares(heldBytesMax);
  let held = 0;

  const finish = (body: Arriving, result: SentBody | BodyRefusal | null) => {
    const { done } = body;
    if (!done) return;
    body.done = null;
    // The request keeps its listeners, and they keep this body, until it is answered.
    body.chunks = [];
    held -= body.bytes;
    shares.giveBack(body.holders, body.heldBytes);
    arriving.delete(body);
    if (result) done(result);
  };
  const sweep = setInterval(
    () => {
      const nowMs = Date.now();
      for (const body of arriving) {
        if (body.deadlineMs > nowMs) return;
        finish(body, tooSlow(bodyTimeoutMs));
      }
    },
    Math.min(1000, bodyTimeoutMs),
  );
  sweep.unref();

  return {
    heldBytes: () => held,
    close: () => clearInterval(sweep),
    read(req, { types, limits: { bytesMax, piecesMax }, holders }, done) {
      const coding = readCoding(req, types, bytesMax);
      if ("code" in coding) {
        done(coding);
        return;
      }
      const deadlineMs = Date.now() + bodyTimeoutMs;
      const body: Arriving = { holders, chunks: [], bytes: 0, heldBytes: 0, done, deadlineMs };
      const lengthTold = Number(req.headers["content-length"]);
      arriving.add(body);
      req.on("data", (chunk: Buffer) => {
        if (!body.done) return;
        held += chunk.length;
        body.bytes += chunk.length;
        body.chunks.push(chunk);
        // Most bodies arrive in one piece, so nothing has to wait.
        if (body.bytes !== lengthTold) {
          body.heldBytes += chunk.length;
          shares.add(holders, chunk.length);
        }
        if (body.bytes > bytesMax) finish(body, tooLarge(bytesMax));
        else if (body.chunks.length > piecesMax) finish(body, tooManyPieces(piecesMax));
        // Many bodies may have begun while there was room: memory is limited by what has arrived, not by what
        // was let in.
        else if (held > heldBytesMax) finish(body, noRoom);
        else if (shares.isTooMuch(holders, held)) finish(body, noShare);
      });
      req.on("end", () => {
        finish(body, { pieces: body.chunks, length: body.bytes, coding });
      });
      // The client went away. After `end` this does nothing.
      req.on("close", () => finish(body, null));
    },
  };
}

interface Coding {
  form: BodyForm;
  /** The name of the content coding, in lower case. */
  name: string;
  /** Decompresses the body; null for one that was sent as it is. */
  inflate: Inflate | null;
}

/** Reads what the headers say of a body, before any of it is read. */
function readCoding(req: IncomingMessage, types: BodyTypes, bytesMax: number): Coding | BodyRefusal {
  const { headers } = req;
  const form = types.formOf(headers["content-type"] ?? "");
  if (form === null) return { code: "content_type_unsupported", detail: types.unsupported };
  if (Number(headers["content-length"] ?? 0) > bytesMax) return tooLarge(bytesMax);
  const name = codingOf(headers["content-encoding"]);
  if (name === "identity") return { form, name, inflate: null };
  const inflate = Object.hasOwn(inflaters, name) ? inflaters[name] : undefined;
  if (inflate) return { form, name, inflate };
  return {
    code: "content_encoding_unsupported",
    detail: "Send the body as it is, or with one of gzip, deflate, br, zstd.",
  };
}

/**
 * Returns the body in bytes. A text that is not UTF-8 is refused: it would be stored as other characters than
 * were sent. The check costs 0.1 µs for a request of 3 kB.
 */
export function decodeBody(sent: SentBody): Body | BodyRefusal {
  const body = inflated(sent);
  return "code" in body || body.form === "protobuf" || isUtf8(body.bytes) ? body : notUtf8;
}

function inflated({ pieces, length, coding: { form, inflate } }: SentBody): Body | BodyRefusal {
  const { inflatedBytesMax } = telemetryLimits;
  const sent = pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces, length);
  if (!inflate) return { bytes: sent, sentBytes: sent.length, form };
  try {
    const bytes = inflate(sent, { maxOutputLength: inflatedBytesMax, chunkSize: 65_536 });
    return { bytes, sentBytes: sent.length, form };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") {
      return {
        code: "body_too_large",
        detail: `The body inflates to more than ${inflatedBytesMax} bytes. Send fewer events a batch.`,
      };
    }
    return {
      code: "malformed_body",
      detail: "The body is not in the coding that its Content-Encoding names.",
    };
  }
}

const notUtf8: BodyRefusal = { code: "malformed_json", detail: "The body is not valid UTF-8." };

const noRoom: BodyRefusal = {
  code: "unavailable",
  detail: "Too much telemetry is arriving right now. Send the batch again later.",
};

const noShare: BodyRefusal = {
  code: "unavailable",
  detail: "Your account or address already has a quarter of what may arrive at once. Send it again later.",
};

/** A piece costs the same for one byte as for a thousand, 3 µs: a mebibyte of single bytes takes 3 s. */
function tooManyPieces(piecesMax: number): BodyRefusal {
  const detail = `The body arrives in more than ${piecesMax} pieces. Send it in larger chunks.`;
  return { code: "body_too_large", detail };
}

function tooSlow(bodyTimeoutMs: number): BodyRefusal {
  const detail = `The body did not arrive within ${bodyTimeoutMs} ms. Send it again.`;
  return { code: "request_timeout", detail };
}

function tooLarge(bytesMax: number): BodyRefusal {
  return {
    code: "body_too_large",
    detail: `The body is larger than ${bytesMax} bytes. Send fewer events a batch, or compress it.`,
  };
}
