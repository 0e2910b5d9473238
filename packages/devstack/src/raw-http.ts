import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** An answer as it was on the wire. */
export interface RawAnswer {
  status: number;
  headers: Map<string, string>;
  body: string;
}

export interface RawClient {
  /**
   * Sends the bytes of one whole request and waits for its answer, on a connection that is kept.
   * @param onContinue returns more to send when the server answers 100.
   */
  exchange(request: Buffer, onContinue?: () => Buffer): Promise<RawAnswer>;
  close(): void;
}

/**
 * Speaks HTTP without a library in between, which would refuse or repair malformed messages. One request at a
 * time.
 */
export function openRawClient(url: string): RawClient {
  const { port, hostname } = new URL(url);
  let socket: Socket | null = null;

  return {
    async exchange(request, onContinue) {
      // The connection was closed meanwhile, or has bytes that no request asked for.
      if (socket && (socket.destroyed || socket.readableLength > 0)) socket.destroy();
      if (!socket || socket.destroyed) {
        socket = connect({ port: Number(port), host: hostname, noDelay: true });
        await once(socket, "connect");
      }
      const [answer, isKept] = await exchangeOn(socket, request, onContinue);
      if (!isKept) {
        socket.destroy();
        socket = null;
      }
      return answer;
    },
    close: () => socket?.destroy(),
  };
}

/**
 * Sends the bytes, ends, and reads every answer until the server closes: for more or less than one request.
 */
export async function sendAndEnd(url: string, bytes: Buffer): Promise<RawAnswer[]> {
  const { port, hostname } = new URL(url);
  const socket = connect({ port: Number(port), host: hostname, allowHalfOpen: true });
  const received: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => received.push(chunk));
  // A server that refuses may cut the connection while the request is still being written; its answer counts.
  socket.on("error", () => socket.destroy());
  const closed = new Promise<void>((resolve) => {
    for (const event of ["end", "close"]) socket.once(event, () => resolve());
  });
  socket.end(bytes);
  await withDeadline(closed, bytes);
  socket.destroy();
  const answers: RawAnswer[] = [];
  for (let rest = Buffer.concat(received); rest.length > 0;) {
    const read = readAnswer(rest);
    if (!read) throw new Error(`This is not a whole answer: ${rest.toString("latin1")}`);
    if (read.answer.status !== 100) answers.push(read.answer);
    rest = rest.subarray(read.length);
  }
  return answers;
}

async function exchangeOn(
  socket: Socket,
  request: Buffer,
  onContinue?: () => Buffer,
): Promise<[RawAnswer, boolean]> {
  let received = Buffer.alloc(0);
  const answered = new Promise<RawAnswer>((resolve, reject) => {
    const listen = (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      for (let read = readAnswer(received); read; read = readAnswer(received)) {
        received = received.subarray(read.length);
        if (read.answer.status === 100) {
          if (onContinue) socket.write(onContinue());
          continue;
        }
        socket.off("data", listen);
        socket.off("close", fail);
        // Bytes that come before the next request stay in the socket, where they are noticed.
        socket.pause();
        resolve(read.answer);
        return;
      }
    };
    const fail = () => reject(new Error("The connection was closed without an answer"));
    socket.on("data", listen);
    socket.once("close", fail);
    socket.once("error", reject);
  });
  socket.resume();
  socket.write(request);
  const answer = await withDeadline(answered, request);
  socket.removeAllListeners("error").on("error", () => socket.destroy());
  return [answer, answer.headers.get("connection") !== "close"];
}

const deadlineMs = 20_000;

async function withDeadline<T>(answer: Promise<T>, request: Buffer): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const text = request.subarray(0, 2000).toString("latin1");
    timer = setTimeout(() => reject(new Error(`No answer within ${deadlineMs} ms to ${text}`)), deadlineMs);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Returns the first answer in the bytes and its length; null when it is not complete. */
function readAnswer(bytes: Buffer): { answer: RawAnswer; length: number } | null {
  const headEnd = bytes.indexOf("\r\n\r\n");
  if (headEnd === -1) return null;
  const [start = "", ...lines] = bytes.subarray(0, headEnd).toString("latin1").split("\r\n");
  const headers = new Map(
    lines.map((line): [string, string] => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const length = headEnd + 4 + Number(headers.get("content-length") ?? 0);
  if (bytes.length < length) return null;
  const body = bytes.subarray(headEnd + 4, length).toString();
  return { answer: { status: Number(start.split(" ")[1]), headers, body }, length };
}
