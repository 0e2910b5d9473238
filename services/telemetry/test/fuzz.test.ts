import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { ProblemBody, problems } from "@mosis/types/problems";
import { BatchAccepted } from "@mosis/types/telemetry";
import fc from "fast-check";
import { assertStored } from "./as-stored.ts";
import { Compile } from "typebox/compile";
import { type HostileRequest, hostileRequest } from "./hostile.ts";
import { correctionOf } from "./contract.ts";
import { bytesOf } from "./hostile-wire.ts";
import { startIngestProcess } from "./ingest-process.ts";
import { openRawClient, type RawAnswer, type RawClient, sendAndEnd } from "@mosis/devstack";
import { readSent } from "./read-sent.ts";
import { batchOf, post } from "./sending.ts";
import { freshStore, openTestProducer, startTestWriter, untilCount } from "./stored.ts";
import { eventually, freshKafka, publishApp, untilReady } from "./support.ts";
import { assertAnswer, type Delivered } from "./told.ts";

const seed = Number(process.env["FUZZ_SEED"] ?? 1);
const numRuns = Number(process.env["FUZZ_RUNS"] ?? 20_000);
/** Of so many requests one is sent to `:validate` too. */
const validatedEvery = 4;
const connections = 24;
/** Of the ingest process, after a quarter of the requests has brought its heap to size. */
const grownMegabytesMax = 100;

// Guards the invariant "a mistake of the client is never a 5xx, and every answer is of the contract"
// (INVARIANTS.md).
// INVARIANT 11
test("whatever is sent, ingest answers by its contract and stores what it accepted", async (t) => {
  t.diagnostic(`FUZZ_SEED=${seed} FUZZ_RUNS=${numRuns}`);
  const fuzz = await started(t);
  const property = fc.asyncProperty(hostileRequest(Date.now()), (request) => fuzz.judge(request));
  const requests = fc.sample(property, { seed, numRuns });
  const startedMs = performance.now();
  let warmBytes = 0;
  let next = 0;
  const work = async () => {
    for (let run = next++; run < numRuns; run = next++) {
      if (run === numRuns >> 2) warmBytes = await fuzz.ingest.residentBytes();
      const [request] = requests[run] as [HostileRequest];
      try {
        await fuzz.judge(request, { validates: run % validatedEvery === 0 });
      } catch (error) {
        next = numRuns;
        // The same request alone, and then ever smaller ones that fail too.
        await fc.assert(property, { seed, path: String(run) });
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: connections }, work));
  const grown = ((await fuzz.ingest.residentBytes()) - warmBytes) / 1e6;
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  const statuses = JSON.stringify(Object.fromEntries(fuzz.statuses));
  t.diagnostic(`${seconds} s, grown by ${grown.toFixed(0)} MB, answers ${statuses}`);
  assert.ok(grown < grownMegabytesMax, `grew by ${grown} MB`);
  assert.equal((await post(fuzz.ingest.url, fuzz.secret, batchOf([]))).status, 202);
  await fuzz.assertBooks();
});

/** An ingest process and a writer, with an app of which every answer is known and one for the rest. */
async function startProcesses(t: TestContext) {
  const [kafka, { store, url: storeUrl }] = await Promise.all([freshKafka(), freshStore(t)]);
  const producer = await openTestProducer(t, kafka);
  const ingest = await startIngestProcess(t, kafka);
  const [own, other] = [await publishApp(producer), await publishApp(producer)];
  await untilReady(ingest.url);
  await eventually(async () => assert.equal((await post(ingest.url, other.secret, batchOf([]))).status, 202));
  await startTestWriter(t, kafka, storeUrl);
  return { store, ingest, own, other };
}

async function started(t: TestContext) {
  const { store, ingest, own, other } = await startProcesses(t);
  const idle: RawClient[] = [];
  const statuses = new Map<string, number>();
  const delivered: Delivered[] = [];
  t.after(() => idle.forEach((client) => client.close()));

  const exchange = async (bytes: Buffer): Promise<RawAnswer> => {
    const client = idle.pop() ?? openRawClient(ingest.url);
    const [answer] = await untilServed(async () => [await client.exchange(bytes)]);
    idle.push(client);
    return answer ?? assert.fail();
  };
  const judgeSent = async (request: HostileRequest): Promise<RawAnswer> => {
    const answer = await exchange(bytesOf(request, paths.send, own.secret));
    count(statuses, answer);
    const accepted = assertForm(answer);
    if (accepted) {
      const sent = readSent(request);
      const receivedAtMs = Date.parse(accepted.received_at);
      const it = { ...sent, appId: own.app.app_id, keyId: own.key.key_id, receivedAtMs, answer: accepted };
      assertAnswer(it);
      delivered.push(it);
    }
    return answer;
  };
  const judgeValidated = async (request: HostileRequest, answer: RawAnswer): Promise<void> => {
    const validated = await exchange(bytesOf(request, paths.validate, own.secret));
    const accepted = assertForm(validated);
    // A machine that stalls may let a clock become wrong in between.
    if (accepted && isCorrected(request, answer) !== isCorrected(request, validated)) return;
    assert.deepEqual(lasting(validated), lasting(answer));
  };
  /** An answer may be lost with its connection, so these are in the books of another app. */
  const judgeBroken = async (request: HostileRequest): Promise<void> => {
    for (const path of Object.values(paths)) {
      const bytes = bytesOf(request, path, other.secret);
      for (const answer of await untilServed(() => sendAndEnd(ingest.url, bytes))) assertForm(answer);
    }
  };
  const judge = async (request: HostileRequest, { validates = true } = {}): Promise<void> => {
    if (request.framing !== "length" && request.framing !== "chunked") return judgeBroken(request);
    const answer = await judgeSent(request);
    if (validates) await judgeValidated(request, answer);
  };
  const assertBooks = async () => {
    const isOwn = `where app_id = '${own.app.app_id}'`;
    await untilCount(store, `ingest_batches ${isOwn}`, delivered.length);
    const rejected = delivered.reduce((sum, { answer }) => sum + answer.rejected, 0);
    await untilCount(store, `rejected_events ${isOwn}`, rejected);
    await assertStored(store, own.app.app_id, delivered);
  };
  return { ingest, secret: other.secret, statuses, judge, assertBooks };
}

/** Kafka is away for a while on a machine that stands still: sends again what is a 503, as a client would. */
async function untilServed(send: () => Promise<RawAnswer[]>): Promise<RawAnswer[]> {
  const giveUpAt = Date.now() + 30_000;
  for (;;) {
    const answers = await send();
    if (answers.every(({ status }) => status !== 503) || Date.now() > giveUpAt) return answers;
    await setTimeout(100);
  }
}

const paths = { send: "/v1/telemetry/batches", validate: "/v1/telemetry/batches:validate" };
const isProblem = Compile(ProblemBody);
const isAccepted = Compile(BatchAccepted);

/** That an answer is one that the contract has. @returns what was accepted, null for a problem. */
function assertForm({ status, headers, body }: RawAnswer): BatchAccepted | null {
  const shown = `${status} ${JSON.stringify([...headers])} ${body}`;
  const value = JSON.parse(body) as unknown;
  if (status === 202 || status === 200) {
    assert.equal(headers.get("content-type"), "application/json", shown);
    assert.ok(isAccepted.Check(value), shown);
    return value;
  }
  assert.ok(status >= 400 && status < 500, shown);
  assert.equal(headers.get("content-type"), "application/problem+json", shown);
  assert.ok(isProblem.Check(value), shown);
  assert.ok(Object.hasOwn(problems, value.code), shown);
  assert.deepEqual([value.status, problems[value.code as keyof typeof problems][0]], [status, status], shown);
  return null;
}

function isCorrected(request: HostileRequest, { body }: RawAnswer): boolean {
  const { received_at } = JSON.parse(body) as BatchAccepted;
  return correctionOf({ ...readSent(request), appId: "", receivedAtMs: Date.parse(received_at) }) !== 0;
}

/** An answer without what is of the one request. */
function lasting({ status, body }: RawAnswer): object {
  const value = JSON.parse(body) as object;
  return { ...value, status: status === 202 ? 200 : status, received_at: "", request_id: "", instance: "" };
}

function count(statuses: Map<string, number>, { status, body }: RawAnswer): void {
  const name = `${status} ${(JSON.parse(body) as { code?: string }).code ?? ""}`.trim();
  statuses.set(name, (statuses.get(name) ?? 0) + 1);
}
