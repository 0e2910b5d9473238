import assert from "node:assert/strict";
import { after, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { createContract, freshDatabase, type FreshDatabase } from "@mosis/devstack";
import { listen } from "@mosis/http";
import { createLifecycle, createLogger, createMetrics, type Lifecycle } from "@mosis/runtime";
import { execute, many, migrate, openPool, type Pool, type PoolOptions, sql } from "@mosis/postgres";
import type { AuditEvent } from "@mosis/types/audit";
import { type ProblemBody, type ProblemCode, problems } from "@mosis/types/problems";
import supertest, { type Response, type Test } from "supertest";
import Type from "typebox";
import { type ApiOptions, createApi } from "../src/api.ts";
import { catalogDocument } from "../src/openapi.ts";
import {
  allowLogin,
  type ProcessRole,
  processRoles,
  refuseTemporaryTables,
  roleUrl,
} from "../src/access/process-roles.ts";

export const log = createLogger({ service: "test", level: process.env["TEST_LOG_LEVEL"] ?? "silent" });
/** Has the migrations and routines. */
export const schemaFolder = fileURLToPath(new URL("..", import.meta.url));

/** How long a test waits for what must come. */
const deadlineMs = 60_000;
/** Of connections: a machine that stands still for some seconds is not what a test is about. */
export const patience = { connectTimeoutMs: 20_000, statementTimeoutMs: 20_000 };

/** An empty database, dropped after the test. */
export async function emptyDatabase(t: TestContext): Promise<string> {
  const database = await freshDatabase(requiredEnv("DATABASE_URL"));
  t.after(() => database.drop());
  return database.url;
}

/** A database with every migration applied: they run once a test file, and their result is copied. */
async function migratedDatabase(): Promise<FreshDatabase> {
  template ??= makeTemplate();
  return freshDatabase(requiredEnv("DATABASE_URL"), (await template).url);
}

const bounds = { connectionsMax: 10, ...patience };
/** So many that no test meets them but the one that is about them. */
const unlimited = { reads: 1e7, writes: 1e7, publicReads: 1e7, publicWrites: 1e7 };
export const webhookOptions = { secretKeys: [Buffer.alloc(32, 7)], allowedTargets: [] as string[] };
/** Where the pages of tests would be. */
const secondFactorOptions = {
  totpSecretKeys: [Buffer.alloc(32, 9)],
  passkeys: { rpId: "mosis.test", origins: ["https://portal.mosis.test"] },
};
/** Where a process finds a database: as its own role, whose password in tests is its name. */
export function urlAs(role: ProcessRole, databaseUrl: string): string {
  return roleUrl(databaseUrl, role, role);
}

/** A pool as a process has it: as its own role. */
export function openPoolAs(life: Lifecycle, role: ProcessRole, databaseUrl: string): Pool {
  const url = urlAs(role, databaseUrl);
  return life.own(role, openPool({ url, name: role, log, ...bounds }), (it) => it.close());
}

let template: Promise<FreshDatabase> | undefined;
after(async () => (await template)?.drop());

async function makeTemplate(): Promise<FreshDatabase> {
  const database = await freshDatabase(requiredEnv("DATABASE_URL"));
  await migrate({ url: database.url, folder: schemaFolder, direction: "up", log });
  const db = openPool({ url: database.url, name: "test", log, ...bounds });
  for (const role of Object.values(processRoles)) await allowLogin(db, role, role);
  await db.close();
  return database;
}

/** A pool of the owner, who sees everything, on a migrated database of this test alone. */
export async function startDatabase(t: TestContext, options: Partial<PoolOptions> = {}) {
  const life = createLifecycle({ log, closeTimeoutMs: 10_000 });
  t.after(() => life.close());
  const database = life.own("database", await migratedDatabase(), (it) => it.drop());
  const pool = openPool({ url: database.url, name: "test", log, ...bounds, ...options });
  const db = life.own("postgres", pool, (it) => it.close());
  await refuseTemporaryTables(db);
  return { life, db, databaseUrl: database.url };
}

/**
 * The real API on a port of its own, with its own role, over a migrated database of this test alone. A test
 * fails when any answer that it got is not what the OpenAPI document says.
 */
export async function startCatalog(t: TestContext, options: Partial<ApiOptions> = {}) {
  const { life, db, databaseUrl } = await startDatabase(t);
  const { app, url, apiDb } = await startApi(t, { life, databaseUrl, options });
  const anyone = callerOf(url);
  return {
    app,
    life,
    url,
    db,
    apiDb,
    databaseUrl,
    anyone,
    withBearer: (secret: string) => callerOf(url, secret),
    as: (name: string) => signUp({ anyone, url, db }, name),
    /** One more process of the API, over the same database, or over what `url` leads to. */
    startAnother: async (
      { url: at = databaseUrl, ...pool }: Partial<PoolOptions> = {},
      changed: Partial<ApiOptions> = {},
    ) => {
      const all = { ...options, ...changed };
      const another = await startApi(t, { life, databaseUrl: at, options: all, pool });
      const withBearer = (secret: string) => callerOf(another.url, secret);
      return { apiDb: another.apiDb, anyone: callerOf(another.url), withBearer };
    },
  };
}

interface ApiStart {
  life: Lifecycle;
  databaseUrl: string;
  options: Partial<ApiOptions>;
  pool?: Partial<PoolOptions>;
}

async function startApi(t: TestContext, { life, databaseUrl, options, pool }: ApiStart) {
  const url = urlAs(processRoles.api, databaseUrl);
  const opened = openPool({ name: "test-api", log, ...bounds, ...pool, url });
  const apiDb = life.own("api-postgres", opened, (it) => it.close());
  const { app } = await createApi({
    db: apiDb,
    log,
    metrics: createMetrics({ service: "test" }),
    connections: { connectionsMax: bounds.connectionsMax, waitMsMax: patience.connectTimeoutMs },
    accountCaps: { apps: 1000, keys: 1000 },
    passwordHashes: { runningMax: 2, waitingMax: 50 },
    sessionHours: 24,
    requestRates: unlimited,
    sessionIdleMinutes: 480,
    oidcProviders: [],
    ...secondFactorOptions,
    // Mails wait in their table: who wants them sent starts a sender.
    mails: { wake() {} },
    corsOrigins: [],
    trustedProxies: [],
    webhooks: webhookOptions,
    ...options,
  });
  const contract = createContract(catalogDocument);
  const limits = { port: 0, requestTimeoutMs: 30_000, headersTimeoutMs: 5000 };
  const server = life.own("server", await listen(contract.watch(app), limits), (it) => it.close());
  t.after(() => assert.deepEqual(contract.breaches, []));
  return { app, url: server.url, apiDb };
}

export interface Caller {
  get(path: string): Test;
  post(path: string, body?: object): Test;
  patch(path: string, body?: object): Test;
  put(path: string, body?: object): Test;
  delete(path: string): Test;
}

function callerOf(url: string, secret?: string): Caller {
  const authorized = (test: Test) =>
    secret === undefined ? test : test.set("Authorization", `Bearer ${secret}`);
  return {
    get: (path) => authorized(supertest(url).get(path)),
    post: (path, body) => authorized(supertest(url).post(path)).send(body),
    patch: (path, body) => authorized(supertest(url).patch(path)).send(body),
    put: (path, body) => authorized(supertest(url).put(path)).send(body),
    delete: (path) => authorized(supertest(url).delete(path)),
  };
}

/** A developer who has registered, confirmed the address and signed in. */
async function signUp({ anyone, url, db }: { anyone: Caller; url: string; db: Pool }, name: string) {
  const account = { email: `${name}@mosis.test`, password: `the password of ${name}` };
  const developer = await anyone.post("/v1/developers", { ...account, name }).expect(201);
  const { id } = developer.body as { id: string };
  await execute(db, sql`update developers set verified = true where id = ${id}`);
  const session = await anyone.post("/v1/sessions", account).expect(201);
  const { token } = session.body as { token: string };
  return { ...callerOf(url, token), id, token, ...account };
}

/** The audit events that wait in the outbox, in their order. */
export async function auditTrail(db: Pool): Promise<AuditEvent[]> {
  const rows = await many(
    db,
    Type.Object({ payload: Type.Unsafe<AuditEvent>(Type.Object({})) }),
    sql`select payload from outbox where topic = 'audit.events' order by position`,
  );
  return rows.map(({ payload }) => payload);
}

/** Every row of every table, as text: where to look for what must not be stored. */
export async function everythingStored(db: Pool): Promise<string> {
  const tables = await many(
    db,
    Type.Object({ name: Type.String(), content: Type.String() }),
    sql`
      select table_name as name,
             table_to_xml(format('%I', table_name)::regclass, true, false, '')::text as content
      from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'`,
  );
  assert.ok(tables.length >= 8, "the tables are there to look into");
  return tables.map(({ name, content }) => `${name}: ${content}`).join("\n");
}

/** Checks that an answer is a whole problem (RFC 9457) with that code, and gives its body. */
export function assertProblem(answer: Response, code: ProblemCode): ProblemBody {
  const [status, title] = problems[code];
  const body = answer.body as ProblemBody;
  const { detail, errors, instance, request_id } = body;
  assert.deepEqual({ status: answer.status, code: body.code }, { status, code }, detail);
  assert.equal(answer.headers["content-type"], "application/problem+json");
  assert.equal(answer.headers["x-request-id"], request_id);
  const type = `https://mosis.dev/problems/${code}`;
  const whole = { type, title, status, detail, instance, code, request_id };
  assert.deepEqual(body, errors ? { ...whole, errors } : whole);
  assert.ok(detail.length > 0 && instance.startsWith("/"));
  return body;
}

/** An answer without what belongs to its request: id, path, time, what is left. The rest tells no more. */
export function withoutRequest({ status, headers, text, body }: Response) {
  const { request_id, instance } = body as ProblemBody;
  const {
    date,
    "x-request-id": id,
    "content-length": length,
    ratelimit,
    ...rest
  } = headers as Record<string, string>;
  assert.ok(
    ratelimit !== undefined &&
      date !== undefined &&
      id === request_id &&
      Number(length) === Buffer.byteLength(text),
  );
  return { status, headers: rest, text: text.replace(request_id, "").replace(`"${instance}"`, "") };
}

/** Repeats a check until it passes; fails with its last error after the deadline. */
export async function eventually<T>(check: () => Promise<T> | T, timeoutMs = deadlineMs): Promise<T> {
  const until = Date.now() + timeoutMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > until) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

/** A variable that the runner of the tests sets: where the real servers are. */
export function requiredEnv(name: string): string {
  const value = process.env[name];
  assert.ok(value, `${name} names the server to test with`);
  return value;
}
