// Tests ClickHouse as `npm start` hosts it: a mistake of one client must not affect others.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { freePorts, readPasswords, startClickHouse } from "../src/index.ts";
import { textBytes, varintBytes } from "../src/native-hello.ts";

const mistakes = 100;
const atOnce = 20;
const dataDir = mkdtempSync(join(tmpdir(), "mosis-clickhouse-"));
const [httpPort = 0, tcpPort = 0] = await freePorts(2);
const server = await startClickHouse({ dataDir, httpPort, tcpPort });
after(async () => {
  await server.stop();
  rmSync(dataDir, { recursive: true, force: true });
});
const password = readPasswords(dataDir).mosis_admin;
const login = { "X-ClickHouse-User": "mosis_admin", "X-ClickHouse-Key": password };

test("a mistake on the native port ends its own connection only", async () => {
  const other = await openHello({ user: "mosis_admin", password });
  // A client that does not complete its login within seconds is cut off, however long this test takes.
  other.write(noQuotaKey);
  const cases: Record<string, { bytes: () => Buffer; answer: RegExp }> = {
    "wrong password": {
      bytes: () => helloOf({ user: "mosis_admin", password: "x" }),
      answer: /password is inc/,
    },
    "unknown user": { bytes: () => helloOf({ user: "nobody", password }), answer: /Authentication failed/ },
    "unknown database": {
      bytes: () => helloOf({ user: "mosis_admin", password, database: "nowhere" }),
      answer: /Database nowhere does not exist/,
    },
    "old client": {
      bytes: () => helloOf({ user: "mosis_admin", password, revision: 1 }),
      answer: /revision 1/,
    },
    "another protocol": { bytes: () => Buffer.from("GET / HTTP/1.1\r\n\r\n"), answer: /native port/ },
    "half a Hello": { bytes: () => helloOf({ user: "mosis_admin", password }).subarray(0, 12), answer: /^$/ },
    nothing: { bytes: () => Buffer.alloc(0), answer: /^$/ },
    noise: {
      bytes: () => Buffer.from(Array.from({ length: 64 }, () => 1 + Math.floor(Math.random() * 255))),
      answer: /native port/,
    },
  };
  for (const [name, { bytes, answer }] of Object.entries(cases)) {
    for (let i = 0; i < mistakes; i += atOnce) {
      const answers = Array.from({ length: atOnce }, () => say(tcpPort, bytes()));
      for (const given of await Promise.all(answers)) assert.match(given, answer, name);
    }
  }
  // Bytes after a good Hello are ClickHouse's own business, and so is a client that goes away there.
  for (let i = 0; i < mistakes; i++) {
    const client = await openHello({ user: "mosis_admin", password });
    client.write(Buffer.from(Array.from({ length: 64 }, (_, n) => (n * 37 + i) % 256)));
    client.resetAndDestroy();
  }
  assert.equal(await ask("select 1"), "1\n");
  assert.equal(await pong(other), 4);
  await assertSameServer();
});

test("a mistake on the HTTP port ends its own connection only", async () => {
  const before = await ask("select 1");
  const insert = `POST /?user=mosis_admin&password=${password}&query=insert+into+function+null('a+String')`;
  const requests: Record<string, string | Buffer> = {
    "half a request": "GET /pi",
    "half a head": "GET /ping HTTP/1.1\r\nHost: x",
    "half a body": `${insert} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc`,
    "a broken chunk": `${insert} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc`,
    "a length that is none": "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: abc\r\n\r\n",
    "a length beyond 64 bits": "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 18446744073709551614\r\n\r\n",
    "a broken path": "GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n",
    "a wrong password": "GET /?query=select+1&user=mosis_admin&password=x HTTP/1.1\r\nHost: x\r\n\r\n",
    noise: Buffer.from(Array.from({ length: 64 }, (_, n) => (n * 37 + 11) % 256)),
  };
  for (const [name, bytes] of Object.entries(requests)) {
    for (let i = 0; i < mistakes; i += atOnce) {
      const answers = Array.from({ length: atOnce }, () => say(httpPort, Buffer.from(bytes)));
      for (const answer of await Promise.all(answers)) {
        assert.ok(!/^HTTP\S+ (2|503)/.test(answer), `${name}: ${answer.slice(0, 100)}`);
      }
    }
  }
  // These clients go away while the answer is being sent.
  const long = `GET /?user=mosis_admin&password=${password}&query=select+*+from+numbers(3000000)`;
  for (let i = 0; i < mistakes / 5; i++) {
    const client = connect(httpPort, "127.0.0.1");
    client.write(`${long} HTTP/1.1\r\nHost: x\r\n\r\n`);
    await new Promise((resolve) => client.once("data", resolve));
    client.resetAndDestroy();
  }
  assert.equal(await ask("select 1"), before);
  await assertSameServer();
});

test("what is sent and answered passes unchanged, however large", async () => {
  await ask("create table default.numbers (n UInt64) engine = Memory");
  const rows = Array.from({ length: 500_000 }, (_, n) => n).join("\n");
  await ask("insert into default.numbers format TSV", rows);
  assert.equal(await ask("select count(), sum(n) from default.numbers"), "500000\t124999750000\n");
  assert.equal((await ask("select n from default.numbers order by n")).trimEnd(), rows);
  const response = await fetch(`http://127.0.0.1:${httpPort}/`, {
    method: "POST",
    headers: login,
    body: "selec",
  });
  assert.deepEqual([response.status, response.headers.get("x-clickhouse-exception-code")], [404, "47"]);
});

async function ask(statement: string, body?: string): Promise<string> {
  const url = `http://127.0.0.1:${httpPort}/?query=${encodeURIComponent(statement)}`;
  const answer = await fetch(url, { method: "POST", headers: login, body: body ?? "" });
  const text = await answer.text();
  assert.equal(answer.status, 200, text);
  return text;
}

/** Checks the uptime: a server that had ended would have been up for less. */
async function assertSameServer(): Promise<void> {
  const ended = await Promise.race([server.exited, ask("select 1")]);
  assert.equal(ended, "1\n");
}

interface Login {
  user: string;
  password: string;
  database?: string;
  revision?: number;
}

function helloOf({ user, password: secret, database = "default", revision = 54_460 }: Login): Buffer {
  const [major, minor] = [26, 7];
  const numbers = [major, minor, revision].map(varintBytes);
  return Buffer.concat([
    varintBytes(0),
    textBytes("test"),
    ...numbers,
    ...[database, user, secret].map(textBytes),
  ]);
}

/** Opens a native connection and waits until its Hello is answered. */
async function openHello(who: Login): Promise<Socket> {
  const client = connect(tcpPort, "127.0.0.1");
  client.on("error", () => {});
  client.write(helloOf(who));
  const [hello] = await answerOf(client);
  assert.equal(hello, 0);
  return client;
}

/** The end of the login of a client that has no key of a quota. */
const noQuotaKey = textBytes("");

/** @returns the type of the answer to a Ping. */
async function pong(client: Socket): Promise<number | undefined> {
  client.write(varintBytes(4));
  const [type] = await answerOf(client);
  client.destroy();
  return type;
}

function answerOf(client: Socket): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    client.once("data", (bytes: Buffer) => resolve(bytes));
    client.once("close", () => reject(new Error("The connection was closed without an answer")));
  });
}

/** Sends bytes and ends. @returns the whole answer. */
function say(port: number, bytes: Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const answers: Buffer[] = [];
    const client = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    client.on("data", (answer: Buffer) => answers.push(answer));
    client.on("end", () => client.destroy());
    client.on("close", () => resolve(Buffer.concat(answers).toString("latin1")));
    client.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "ECONNRESET" && error.code !== "EPIPE") reject(error);
    });
    client.end(bytes);
  });
}
