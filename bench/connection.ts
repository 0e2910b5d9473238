// A keep-alive connection on plain sockets. Requests are bytes made beforehand; only the counted parts of an
// answer are parsed.
import { connect } from "node:net";

export interface Answer {
  status: number;
  /** True when the answer says when to come back. */
  retryAfter: boolean;
}

export interface Connection {
  /**
   * Sends a request, and resolves with its answer when the whole request has been sent as well: an answer may
   * come early, and the message is overwritten for the next request. Takes one request at a time.
   * @throws Error when the connection is lost before that.
   */
  ask(message: Buffer): Promise<Answer>;
  /** Returns true when either side has closed it. */
  isClosed(): boolean;
  close(): void;
}

export interface Address {
  hostname: string;
  port: number;
}

const bufferBytes = 65_536;

/** @throws Error when nobody listens. */
export function openConnection({ hostname, port }: Address): Promise<Connection> {
  return new Promise((resolve, reject) => {
    const reader = createReader();
    // This buffer is reused: 45 KB of garbage per answer would add the generator's own pauses to the figures.
    const buffer = Buffer.allocUnsafe(bufferBytes);
    const onread = {
      buffer,
      callback: (bytes: number) => {
        const answer = reader.read(buffer.subarray(0, bytes));
        if (answer !== null && waiting) waiting.answer = answer;
        settle();
        return true;
      },
    };
    const socket = connect({ host: hostname, port, noDelay: true, onread });
    let waiting: Waiting | null = null;
    const fail = (error: Error) => {
      reject(error);
      waiting?.reject(error);
      waiting = null;
    };
    const settle = () => {
      if (!waiting?.answer || !waiting.sent) return;
      const { resolve, answer } = waiting;
      waiting = null;
      resolve(answer);
    };
    socket.on("error", fail);
    socket.on("close", () => fail(new Error("The connection was closed.")));
    const ask = (message: Buffer) =>
      new Promise<Answer>((resolve, reject) => {
        if (socket.destroyed) return reject(new Error("The connection is closed."));
        const mine: Waiting = { resolve, reject, answer: null, sent: false };
        waiting = mine;
        socket.write(message, () => {
          mine.sent = true;
          settle();
        });
      });
    socket.once("connect", () =>
      resolve({ ask, isClosed: () => socket.destroyed, close: () => void socket.destroy() }),
    );
  });
}

interface Waiting {
  resolve: (answer: Answer) => void;
  reject: (error: Error) => void;
  answer: Answer | null;
  sent: boolean;
}

/** Reads one answer after the other. Each must have a content-length, which ours always have. */
function createReader() {
  let head = "";
  let answer: Answer | null = null;
  let bodyBytesLeft = 0;

  /**
   * Keeps the part of the head that has arrived, and counts the body. @returns the answer that the bytes
   * complete.
   */
  function read(bytes: Buffer): Answer | null {
    let bodyBytes = bytes.length;
    if (answer === null) {
      const endInBytes = bytes.indexOf(headEnd);
      const before = head.length;
      head += bytes.toString("latin1", 0, endInBytes < 0 ? bytes.length : endInBytes + headEnd.length);
      const end = head.indexOf(headEnd);
      if (end < 0) return null;
      bodyBytes = before + bytes.length - end - headEnd.length;
      answer = { status: Number(head.slice(9, 12)), retryAfter: /\r\nretry-after: *\d+/i.test(head) };
      bodyBytesLeft = lengthOf(head);
      head = "";
    }
    bodyBytesLeft -= bodyBytes;
    if (bodyBytesLeft > 0) return null;
    const complete = answer;
    answer = null;
    return complete;
  }

  return { read };
}

const headEnd = "\r\n\r\n";

function lengthOf(head: string): number {
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  if (length === undefined) throw new Error(`An answer without content-length: ${head}`);
  return Number(length);
}
