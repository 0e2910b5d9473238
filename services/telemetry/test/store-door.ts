import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { TestContext } from "node:test";

/** A way to ClickHouse that a test can shut, or on which it can withhold answers. */
export interface StoreDoor {
  /** The URL of the store, through the door. */
  url: string;
  /** Cuts every connection and takes no new one, as a server that is gone. */
  shut(): void;
  open(): void;
  /** Requests that name this table still reach ClickHouse, but their answers never come back. */
  withholdAnswersOf(table: string): void;
  /** Answers to requests that name this wait at the door until they are let go. */
  holdAnswersOf(words: string): HeldAnswers;
}

interface HeldAnswers {
  /** Bytes that wait. */
  bytes(): number;
  letGo(): void;
}

export async function openStoreDoor(t: TestContext, storeUrl: string): Promise<StoreDoor> {
  const target = new URL(storeUrl);
  const sockets = new Set<Socket>();
  let isShut = false;
  let withheld: string | null = null;
  let holding: { words: string; waiting: { client: Socket; bytes: Buffer }[] } | null = null;

  const server = createServer((client) => {
    if (isShut) {
      client.destroy();
      return;
    }
    const upstream = connect(Number(target.port), target.hostname);
    let isMute = false;
    let isHeld = false;
    client.on("data", (bytes: Buffer) => {
      isHeld = holding !== null && bytes.includes(holding.words);
      if (withheld !== null && bytes.includes(withheld)) isMute = true;
      upstream.write(bytes);
    });
    upstream.on("data", (bytes: Buffer) => {
      if (isHeld && holding) holding.waiting.push({ client, bytes });
      else if (!isMute) client.write(bytes);
    });
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      socket.on("error", () => other.destroy());
      socket.on("close", () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const url = new URL(storeUrl);
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    shut() {
      isShut = true;
      for (const socket of sockets) socket.destroy();
    },
    open() {
      isShut = false;
    },
    withholdAnswersOf(table) {
      withheld = table;
    },
    holdAnswersOf(words) {
      const held = (holding = { words, waiting: [] as { client: Socket; bytes: Buffer }[] });
      return {
        bytes: () => held.waiting.reduce((sum, { bytes }) => sum + bytes.length, 0),
        letGo() {
          holding = null;
          for (const { client, bytes } of held.waiting) client.write(bytes);
        },
      };
    },
  };
}
