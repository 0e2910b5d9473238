// Tests of how a server ends, seen by clients whose connections are kept alive.
import assert from "node:assert/strict";
import { Agent, get, type IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { listen } from "@mosis/http";

test("a server that ends is not ready first, and every answer is the last of its connection", async () => {
  const held = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const server = await listen(
    (req, res) => {
      if (req.url !== "/held") return void res.end("ready");
      begun.resolve();
      return void held.promise.then(() => res.end("held"));
    },
    { port: 0, requestTimeoutMs: 10_000, headersTimeoutMs: 10_000, drainNoticeMs: 1500 },
  );
  const agent = new Agent({ keepAlive: true });
  const ask = async (path: string) => {
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      get(server.url + path, { agent }, resolve).on("error", reject);
    });
    return [answer.statusCode, answer.headers.connection, await text(answer)];
  };
  assert.deepEqual(await ask("/readyz"), [200, "keep-alive", "ready"]);
  const running = ask("/held");
  await begun.promise;
  const closed = server.close();
  const [status, connection, body] = await ask("/readyz");
  assert.deepEqual([status, connection], [503, "close"]);
  assert.equal((JSON.parse(String(body)) as { status: string }).status, "not_ready");
  // A client that has not noticed yet is served, on old connections and on new ones.
  assert.deepEqual(await ask("/"), [200, "close", "ready"]);
  held.resolve();
  assert.deepEqual(await running, [200, "close", "held"]);
  await closed;
  await assert.rejects(ask("/"), /ECONNREFUSED/);
  agent.destroy();
});
