import assert from "node:assert/strict";
import { test } from "node:test";
import { get, publishReader, startQuery } from "./reading.ts";
import { freshStore, openTestProducer } from "./stored.ts";
import { freshKafka } from "./support.ts";

test("a key has its reads of query, and an address without a good key has fewer", async (t) => {
  const kafka = await freshKafka();
  const requestRates = { reads: 30, writes: 1, publicReads: 400, publicWrites: 1 };
  const url = await startQuery(t, kafka, (await freshStore(t)).url, { requestRates });
  const { secret } = await publishReader(url, await openTestProducer(t, kafka));
  const other = await publishReader(url, await openTestProducer(t, kafka));

  let answer = await get(`${url}/v1/audit`, secret);
  for (let n = 0; n < requestRates.reads && answer.status === 200; n++) {
    assert.match(answer.headers.get("ratelimit") ?? "", /^"reads";r=\d+;t=\d+$/);
    answer = await get(`${url}/v1/audit`, secret);
  }
  assert.deepEqual([answer.status, answer.body.code], [429, "rate_limited"]);
  assert.match(answer.headers.get("retry-after") ?? "", /^[12]$/);
  assert.equal(answer.headers.get("ratelimit-policy"), '"reads";q=30;w=60');
  assert.equal((await get(`${url}/v1/audit`, other.secret)).status, 200, "nobody else notices");

  answer = await get(`${url}/v1/audit`, null);
  for (let n = 0; n < 2 * requestRates.publicReads && answer.status === 401; n++) {
    answer = await get(`${url}/v1/audit`, null);
  }
  assert.equal(answer.status, 429);
  assert.equal(answer.headers.get("ratelimit-policy"), '"public-reads";q=400;w=60');
});
