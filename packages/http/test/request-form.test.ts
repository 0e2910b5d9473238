// Tests of requests byte by byte, where a proxy in front and this server could read two different things.
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { sendAndEnd } from "@mosis/devstack";
import { listen } from "@mosis/http";

/** A server that reports what it has read. */
async function startEcho(t: TestContext) {
  const seen: string[] = [];
  const server = await listen(
    (req, res) => {
      const chunks: Buffer[] = [];
      req.on("data", (chunk: Buffer) => chunks.push(chunk));
      req.once("end", () => {
        seen.push(`${req.method} ${req.url}`);
        res.setHeader("Content-Type", "text/plain");
        const body = `${req.method} ${req.url} ${Buffer.concat(chunks).toString()}`;
        res.writeHead(200, { "Content-Length": body.length }).end(body);
      });
    },
    { port: 0, requestTimeoutMs: 10_000, headersTimeoutMs: 5000, drainTimeoutMs: 100 },
  );
  t.after(() => server.close());
  return { url: server.url, seen };
}

const hidden = "GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n";
const chunked = "2\r\n{}\r\n0\r\n\r\n";
const get = (...lines: string[]) => `GET / HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`;
const old = (...lines: string[]) => `POST / HTTP/1.0\r\nHost: x\r\n${lines.join("\r\n")}\r\n\r\n`;
const post = (...lines: string[]) => `POST / HTTP/1.1\r\nHost: x\r\n${lines.join("\r\n")}\r\n\r\n`;

const refused: Record<string, string> = {
  "a chunked body in HTTP/1.0": `${old("Transfer-Encoding: chunked", "Connection: keep-alive")}${chunked}`,
  "HTTP/1.0 with both lengths": `${old("Transfer-Encoding: chunked", "Content-Length: 2")}${chunked}`,
  "both lengths": `${post("Content-Length: 12", "Transfer-Encoding: chunked")}${chunked}`,
  "both lengths turned around": `${post("Transfer-Encoding: chunked", "Content-Length: 12")}${chunked}`,
  "two equal lengths": `${post("Content-Length: 2", "Content-Length: 2")}{}`,
  "two lengths in one field": `${post("Content-Length: 2, 2")}{}`,
  "a signed length": `${post("Content-Length: +2")}{}`,
  "a length with a hexadecimal digit": `${post("Content-Length: 0x2")}{}`,
  "an encoding before chunked": `${post("Transfer-Encoding: gzip, chunked")}${chunked}`,
  "chunked twice": `${post("Transfer-Encoding: chunked", "Transfer-Encoding: chunked")}${chunked}`,
  "chunked not last": `${post("Transfer-Encoding: chunked, identity")}${chunked}`,
  "an encoding that looks like chunked": `${post("Transfer-Encoding: xchunked")}${chunked}`,
  "a vertical tab before chunked": `${post("Transfer-Encoding: \u000bchunked")}${chunked}`,
  "a space before the colon": `${post("Transfer-Encoding : chunked")}${chunked}`,
  "a folded field": get("Host: x", "X-A: 1", "  2"),
  "a space before the first field": "GET / HTTP/1.1\r\n Host: x\r\n\r\n",
  "lines that end in LF alone": "GET / HTTP/1.1\nHost: x\n\n",
  "a bare CR in a value": get("Host: x", "X-A: a\rb"),
  "a NUL in a value": get("Host: x", "X-A: a\0b"),
  "a field without a name": get("Host: x", ": a"),
  "a chunk whose extension ends in LF": `${post("Transfer-Encoding: chunked")}2;a\nb\r\n{}\r\n0\r\n\r\n`,
  "a chunk with more than its size": `${post("Transfer-Encoding: chunked")}2\r\n{}X\r\n0\r\n\r\n`,
  "a chunk with a signed size": `${post("Transfer-Encoding: chunked")}-2\r\n{}\r\n0\r\n\r\n`,
  "a length behind the body": `${post("Transfer-Encoding: chunked")}0\r\nContent-Length: 3\r\n\r\n`,
  "no Host": get("X-A: a"),
  "an empty Host": get("Host:"),
  "two hosts": get("Host: x", "Host: y"),
  "the same Host twice": get("Host: x", "host: x"),
  "a Host with a name before it": get("Host: user@x"),
  "a Host with a path": get("Host: x/y"),
  "two hosts in one field": get("Host: x, y z"),
  "the URL of another host": "GET http://y/ HTTP/1.1\r\nHost: x\r\n\r\n",
  "a URL with a name before the host": "GET http://x@y/ HTTP/1.1\r\nHost: y\r\n\r\n",
  "a URL of another scheme": "GET ftp://x/ HTTP/1.1\r\nHost: x\r\n\r\n",
  "a target without a slash": "GET x:80 HTTP/1.1\r\nHost: x\r\n\r\n",
  "a target of OPTIONS alone": "GET * HTTP/1.1\r\nHost: x\r\n\r\n",
  "a fragment": "GET /a#b HTTP/1.1\r\nHost: x\r\n\r\n",
  "a backslash": "GET /a\\..\\b HTTP/1.1\r\nHost: x\r\n\r\n",
  "a byte that is not ASCII": "GET /\u00ff HTTP/1.1\r\nHost: x\r\n\r\n",
  "HTTP/2.0": "GET / HTTP/2.0\r\nHost: x\r\n\r\n",
  "HTTP/1.2": "GET / HTTP/1.2\r\nHost: x\r\n\r\n",
  "HTTP/0.9": "GET / HTTP/0.9\r\nHost: x\r\n\r\n",
  "no version": "GET /\r\n\r\n",
  "the preface of HTTP/2": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  "two credentials": get("Host: x", "Authorization: Bearer a", "authorization: Bearer b"),
  "two content types": `${post("Content-Type: a/b", "Content-Type: c/d", "Content-Length: 2")}{}`,
  "two content encodings": post("Content-Encoding: gzip", "Content-Encoding: gzip"),
  "two idempotency keys": `${post("Idempotency-Key: a", "Idempotency-Key: b", "Content-Length: 2")}{}`,
  "two origins": get("Host: x", "Origin: https://a", "Origin: https://b"),
  "two expectations": `${post("Expect: 100-continue", "Expect: 100-continue", "Content-Length: 2")}{}`,
  "two request ids": get("Host: x", "X-Request-Id: a", "X-Request-Id: b"),
};

// INVARIANT 56
test("what two readers could take for two requests is a 400, and nothing behind it is read", async (t) => {
  const { url, seen } = await startEcho(t);
  for (const [what, request] of Object.entries(refused)) {
    const answers = await sendAndEnd(url, Buffer.from(request + hidden, "latin1"));
    const found = answers.map(({ status, headers }) => [status, headers.get("connection")]);
    assert.deepEqual(found, [[400, "close"]], what);
    assert.match(answers[0]?.body ?? "", /"code":"invalid_request"/, what);
    assert.deepEqual(seen.splice(0), [], `${what}: a request behind it was served`);
  }
});

test("more header fields than are looked at are refused, not left out", async (t) => {
  const { url, seen } = await startEcho(t);
  const many = Array.from({ length: 100 }, (_, n) => `X-${n}: ${n}`);
  const [answer] = await sendAndEnd(url, Buffer.from(get("Host: x", ...many) + hidden));
  assert.deepEqual([answer?.status, seen], [431, []]);
});

// INVARIANT 56
test("what has one meaning is served, in every form that the standard has", async (t) => {
  const { url } = await startEcho(t);
  const served: Record<string, [string, string]> = {
    "a chunked body": [`${post("Transfer-Encoding: Chunked")}${chunked}`, "POST / {}"],
    "a chunk with an extension": [
      `${post("Transfer-Encoding: chunked")}2;a=b\r\n{}\r\n0\r\n\r\n`,
      "POST / {}",
    ],
    "a trailer, which is not taken for a header": [
      `${post("Transfer-Encoding: chunked")}0\r\nAuthorization: a\r\nAuthorization: b\r\n\r\n`,
      "POST / ",
    ],
    "the whole URL of its host": ["GET http://X:80/a?b=c HTTP/1.1\r\nHost: x:80\r\n\r\n", "GET /a?b=c "],
    "the URL of its host without a path": ["GET http://x?b HTTP/1.1\r\nHost: x\r\n\r\n", "GET /?b "],
    "HTTP/1.0 without a Host": ["GET / HTTP/1.0\r\n\r\n", "GET / "],
    "a Host of IPv6": [get("Host: [2001:db8::1]:4000"), "GET / "],
    "an empty line before it": [`\r\n${get("Host: x")}`, "GET / "],
    "two If-Match, which are a list": [get("Host: x", 'If-Match: "a"', 'If-Match: "b"'), "GET / "],
    "OPTIONS of the server": ["OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", "OPTIONS * "],
  };
  for (const [what, [request, expected]] of Object.entries(served)) {
    const [answer] = await sendAndEnd(url, Buffer.from(request, "latin1"));
    assert.deepEqual([answer?.status, answer?.body], [200, expected], what);
  }
});
