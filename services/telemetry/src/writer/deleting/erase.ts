import { createHash } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { insertJson, select } from "@mosis/clickhouse";
import type { LagReader } from "@mosis/kafka";
import type { ErasureProof, ErasureRequest } from "@mosis/types/erasures";
import Type from "typebox";
import { TransientError } from "../retry.ts";
import { countRows, deleteRows, type DeletingDeps, type Deletion } from "./delete-rows.ts";

export interface EraseDeps extends DeletingDeps {
  /** Reads how far the writers are behind, in the topics that fill the tables. */
  writerLag: Pick<LagReader, "read">;
}

/**
 * The time after which Kafka has deleted what it received at the same moment: 2 days, 6 h of an open segment,
 * and a margin.
 */
const kafkaKeepsMs = 55 * 3_600_000;
const lagPollMs = 200;
const table = "erasures_raw";

/**
 * Erases what is stored of installs. Every step may be repeated, by any writer:
 *
 * 0. An erasure with a proof is done: the offset was lost, not the work.
 * 1. **The moment.** What was acknowledged before it is in Kafka, before the ends that are remembered.
 * 2. **Wait** until the writers have committed up to those ends: then all of it is in ClickHouse.
 * 3. **Count**, and keep the counts with the moment: a writer that continues after a crash finds less, and
 *    what a replay sends from now on is stored without these rows.
 * 4. **Delete** from both tables, until a query finds nothing. Meanwhile wait as in step 2, for what a replay
 *    had sent before that, and delete again.
 * 5. **Prove**: one row an erasure. 6. The consumer commits the offset when this resolves.
 */
export async function eraseInstalls(deps: EraseDeps, asked: ErasureRequest[]): Promise<ErasureProof[]> {
  const known = await selectKnown(deps, asked);
  const requests = asked.filter(({ erasure_id }) => !known.get(erasure_id)?.last_proof);
  if (requests.length === 0) return [];
  const moment = new Date();
  await writersPassed(deps);

  const works = requests.map((request) => workOf(request, moment));
  const counted: Counted[] = [];
  for (const work of works) counted.push(await count(deps, work, known.get(work.request.erasure_id)));
  await insertJson(deps.store, { table, rows: counted.map((row) => ({ ...row, remaining: 0, proof: "" })) });

  const [deleted, passed] = await Promise.allSettled([deleteAll(deps, works), writersPassed(deps)]);
  if (deleted.status === "rejected") throw deleted.reason;
  if (passed.status === "rejected") throw passed.reason;
  await deleteAll(deps, works);

  const proofs: ErasureProof[] = [];
  for (const [index, row] of counted.entries()) {
    const { events, rejected } = works[index] as Work;
    const remaining = (await countRows(deps.store, events)) + (await countRows(deps.store, rejected));
    if (remaining > 0) throw new TransientError(`${remaining} rows of an erased install came back`);
    const done = { ...row, completed_at: new Date().toISOString(), remaining };
    proofs.push({ ...done, proof: proofOf(done) });
  }
  await insertJson(deps.store, { table, rows: proofs });
  return proofs;
}

async function deleteAll(deps: EraseDeps, works: Work[]): Promise<void> {
  await deleteRows(deps, eventsOf(works));
  for (const { rejected } of works) await deleteRows(deps, rejected);
}

/** The conditions of what an erasure has to delete. */
interface Work {
  request: ErasureRequest;
  moment: Date;
  events: Deletion;
  rejected: Deletion;
}

type Counted = Omit<ErasureProof, "proof" | "remaining">;

function workOf(request: ErasureRequest, moment: Date): Work {
  const { app_id, install_id } = request;
  const params = { app_id, install_id, moment_ms: moment.getTime() };
  return {
    request,
    moment,
    events: { table: "events_raw", where: eventsWhere(""), params },
    rejected: {
      table: "rejected_events_raw",
      // A refused event is kept as it was sent: the id may stand anywhere in it, in upper or lower case.
      where: `app_id = {app_id:UUID} and received_at < fromUnixTimestamp64Milli({moment_ms:Int64}, 'UTC')
        and positionCaseInsensitive(concat(raw, context), {install_id:String}) > 0`,
      params,
    },
  };
}

/**
 * Returns the conditions of an erasure.
 * @param n distinguishes its parameters from those of the others.
 */
function eventsWhere(n: string | number): string {
  return `app_id = {app_id${n}:UUID} and install_id = {install_id${n}:UUID}
    and toUnixTimestamp64Milli(client_time) + received_delay_ms < {moment_ms${n}:Int64}`;
}

/**
 * Joins all erasures into one deletion: each deletion makes ClickHouse write all parts again that have rows
 * of it.
 */
function eventsOf(works: Work[]): Deletion {
  const params = works.flatMap((work, n) =>
    Object.entries(work.events.params).map(([name, value]) => [`${name}${n}`, value] as const),
  );
  return {
    table: "events_raw",
    where: works.map((_work, n) => `(${eventsWhere(n)})`).join(" or "),
    params: Object.fromEntries(params),
  };
}

async function count({ store }: EraseDeps, work: Work, before: Known | undefined): Promise<Counted> {
  const { request, moment, events, rejected } = work;
  const { erasure_id, app_id, install_hash, requested_at } = request;
  const found = {
    events: await countRows(store, events, "final"),
    rejected: await countRows(store, rejected, "final"),
  };
  return {
    erasure_id,
    app_id,
    install_hash,
    requested_at,
    received_before: moment.toISOString(),
    completed_at: new Date(0).toISOString(),
    events_erased: Math.max(found.events, Number(before?.most_events ?? 0)),
    rejected_erased: Math.max(found.rejected, Number(before?.most_rejected ?? 0)),
    kafka_expired_at: new Date(moment.getTime() + kafkaKeepsMs).toISOString(),
  };
}

const Known = Type.Object({
  id: Type.String(),
  last_proof: Type.String(),
  most_events: Type.String(),
  most_rejected: Type.String(),
});
type Known = Type.Static<typeof Known>;

/**
 * Returns what was written of these erasures before, by id: the most that was counted, and a proof if there
 * is one.
 */
async function selectKnown({ store }: EraseDeps, asked: ErasureRequest[]): Promise<Map<string, Known>> {
  const rows = await select(
    store,
    Known,
    `select erasure_id as id, max(proof) as last_proof, max(events_erased) as most_events,
      max(rejected_erased) as most_rejected
    from erasures_raw where erasure_id in {ids:Array(UUID)} group by erasure_id`,
    { ids: asked.map(({ erasure_id }) => erasure_id) },
  );
  return new Map(rows.map((row) => [row.id, row]));
}

/** Resolves when the writers have committed everything that was in their topics when this was called. */
async function writersPassed({ writerLag, isStale }: EraseDeps): Promise<void> {
  const read = () =>
    writerLag.read().catch((error: unknown) => {
      throw new TransientError(error);
    });
  const first = await read();
  const ends = new Map(first.map((lag) => [place(lag), lag.next + lag.records]));
  for (let lags = first; ; lags = await read()) {
    if (lags.every((lag) => lag.next >= (ends.get(place(lag)) ?? 0))) return;
    if (isStale()) throw new TransientError("Somebody else erases from now on, or the writer stops.");
    await delay(lagPollMs);
  }
}

function place({ topic, partition }: { topic: string; partition: number }): string {
  return `${topic} ${partition}`;
}

/**
 * Returns the SHA-256, in hex, of the JSON array of the fields of an erasure, in this order and without
 * spaces. Everybody who has the answer can compute it again: docs/api.md says how.
 */
function proofOf(erasure: Omit<ErasureProof, "proof">): string {
  const { erasure_id, app_id, install_hash, requested_at, received_before, completed_at } = erasure;
  const { events_erased, rejected_erased, remaining, kafka_expired_at } = erasure;
  const fields = [
    erasure_id,
    app_id,
    install_hash,
    requested_at,
    received_before,
    completed_at,
    events_erased,
    rejected_erased,
    remaining,
    kafka_expired_at,
  ];
  return createHash("sha256").update(JSON.stringify(fields)).digest("hex");
}
