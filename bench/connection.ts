// A keep-alive connection of plain sockets: requests are bytes made beforehand, of an answer only what is
// counted is read.
import { connect } from "node:net";

export interface Answer {
  status: number;
  /** It says when to come back. */
  retryAfter: boolean;
}

export interface Connection {
  /**
   * Sends a request and resolves with its answer once the whole request has been sent, too: an answer may
   * come early, and the message is written over for the next request. One at a time.
   * @throws Error when the connection is lost before that.
   */
  ask(message: Buffer): Promise<Answer>;
  /** It was closed, by either side. */
  isClosed(): boolean;
  close(): void;
}

export interface Address {
  hostname: string;
  port: number;
}

/** @throws Error when nobody listens. */
export function openConnection({ hostname, port }: Address): Promise<Connection> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port, noDelay: true });
    let waiting: Waiting | null = null;
    let received: Buffer = Buffer.alloc(0);
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
    socket.on("data", (chunk: Buffer) => {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
      const answer = completeAnswer(received);
      if (answer === null) return;
      received = Buffer.alloc(0);
      if (waiting) waiting.answer = answer;
      settle();
    });
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

/** The answer once all of it is here, else null. Answers have a content-length: ours always do. */
function completeAnswer(bytes: Buffer): Answer | null {
  const headEnd = bytes.indexOf("\r\n\r\n");
  if (headEnd < 0) return null;
  const head = bytes.toString("latin1", 0, headEnd);
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  if (length === undefined) throw new Error(`An answer without content-length: ${head}`);
  if (bytes.length < headEnd + 4 + Number(length)) return null;
  return { status: Number(head.slice(9, 12)), retryAfter: /\r\nretry-after: *\d+/i.test(head) };
}
