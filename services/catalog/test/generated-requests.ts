import { gzipSync } from "node:zlib";
import { type OperationObject, operationsOf } from "@mosis/devstack";
import { catalogDocument } from "../src/openapi.ts";

export interface GeneratedRequest {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: Buffer | null;
}

type Random = () => number;
type Route = { method: string; path: string; operation: OperationObject };

/** Each costs a password hash, or waits on purpose: a few are enough. */
const slow = new Set(["createDeveloper", "createSession", "reportLeakedKeys"]);

/** With credentials that are good they would end them, and everything after it would be a 401. */
const ending = new Set(["deleteSession", "revokeOtherSessions", "deleteAccount"]);

const routes: Route[] = operationsOf(catalogDocument);

/**
 * Requests of every route, from the document: bodies as its examples have them, the same with one thing
 * changed, and anything; paths with ids that are there, that could be, and that cannot.
 * @param secrets what is sent as credentials, and null for none.
 * @param known what is there, by the name of the parameter, or `keys.id` by tag and name.
 */
export function createRequests(seed: number, secrets: (string | null)[], known: Record<string, string[]>) {
  const random = mulberry32(seed);
  const { pick, chance, hostile } = pickers(random);
  const routeOf = (): Route => {
    const route = pick(routes);
    return slow.has(route.operation.operationId) && chance(0.95) ? routeOf() : route;
  };
  const parameter = (name: string, { operation }: Route) => {
    const example = operation.parameters?.find((it) => it.name === name)?.example;
    const kind = random();
    const there = known[`${operation.tags?.[0]}.${name}`] ?? known[name];
    if (kind < 0.75 && there) return pick(there);
    return encodeURIComponent(kind < 0.9 ? String(example) : hostile());
  };
  const queryOf = ({ operation }: Route): string => {
    if (chance(0.5)) return "";
    const names = (operation.parameters ?? []).filter((it) => it.in === "query").map(({ name }) => name);
    const values = ["1", "50", "101", "-1", "true", "a", "", "2026-01-01T00:00:00Z", "org.mosis.fuzzed"];
    const count = 1 + Math.floor(random() * 3);
    const pairs = Array.from({ length: count }, () => {
      const name = chance(0.9) && names.length > 0 ? pick(names) : hostile();
      return `${encodeURIComponent(name)}=${chance(0.6) ? pick(values) : encodeURIComponent(hostile())}`;
    });
    return `?${pairs.join("&")}`;
  };
  const bodyOf = createBodies(random);
  const headersOf = (secret: string | null, body: Buffer | null): Record<string, string> => {
    const headers: Record<string, string> = { host: "127.0.0.1" };
    if (secret !== null) headers["authorization"] = `Bearer ${secret}`;
    if (body) headers["content-type"] = chance(0.95) ? "application/json" : pick(oddTypes);
    if (chance(0.7)) headers["if-match"] = chance(0.9) ? "*" : headerText(hostile());
    for (const name of ["idempotency-key", "if-none-match", "x-request-id", "x-forwarded-for", "origin"]) {
      if (chance(0.1)) headers[name] = chance(0.5) ? pick(["1", "*", '"x"', "::1"]) : headerText(hostile());
    }
    return headers;
  };

  return (): GeneratedRequest => {
    const route = routeOf();
    const path = route.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => parameter(name, route));
    const raw = bodyOf(route);
    const ends = ending.has(route.operation.operationId) && chance(0.9);
    const headers = headersOf(ends ? null : pick(secrets), raw);
    const isZipped = raw !== null && chance(0.1);
    if (isZipped) headers["content-encoding"] = "gzip";
    return {
      method: chance(0.97)
        ? route.method
        : pick(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]),
      path: (chance(0.98) ? path : pick(oddPaths)) + queryOf(route),
      headers,
      body: isZipped && chance(0.9) ? gzipSync(raw) : raw,
    };
  };
}

function pickers(random: Random) {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const chance = (share: number) => random() < share;
  const hostile = () => pick(hostileTexts)(random);
  return { pick, chance, hostile };
}

function createBodies(random: Random) {
  const { pick, chance, hostile } = pickers(random);
  const mutate = (value: unknown): unknown => {
    if (Array.isArray(value)) {
      return chance(0.5) ? value.map(mutate) : Array(Math.floor(random() * 200)).fill(value[0]);
    }
    if (typeof value !== "object" || value === null || chance(0.1)) return pick(oddValues)(hostile());
    const entries = Object.entries(value);
    const at = Math.floor(random() * (entries.length + 1));
    if (at === entries.length) return { ...value, [hostile()]: pick(oddValues)(hostile()) };
    return Object.fromEntries(
      entries.flatMap(([key, one], index) =>
        index === at ? (chance(0.2) ? [] : [[key, mutate(one)]]) : [[key, one]],
      ),
    );
  };
  const bodyOf = ({ operation }: Route): Buffer | null => {
    const example = operation.requestBody?.content["application/json"]?.example;
    if (example === undefined && chance(0.9)) return null;
    const kind = random();
    if (kind < 0.35) return Buffer.from(JSON.stringify(example ?? {}));
    if (kind < 0.85) return Buffer.from(JSON.stringify(mutate(example ?? {})) ?? "");
    return pick(brokenBodies);
  };
  return bodyOf;
}

const hostileTexts: ((random: Random) => string)[] = [
  () => "",
  () => "\u0000",
  () => "a\u0000b",
  () => "__proto__",
  () => "constructor",
  () => "'; drop table apps; --",
  () => "${7*7}",
  () => "\uD800".toWellFormed(),
  () => "😀".repeat(300),
  () => "..",
  () => "%00",
  () => "a".repeat(5000),
  () => "9".repeat(400),
  () => "-9223372036854775809",
  () => "2147483648",
  () => "NaN",
  () => "infinity",
  () => "0000-01-01T00:00:00Z",
  () => "9999-12-31T23:59:59-23:59",
  () => "2026-02-30T00:00:00Z",
  () => "\u202Eorg.mosis.x",
  () => "0.0.0.0/0",
  () => "::ffff:300.1.1.1/129",
  () => "http://127.0.0.1:1/",
  () => "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
  () => "{}",
  () => "[[[[",
  (random) => String.fromCodePoint(...Array.from({ length: 8 }, () => 1 + Math.floor(random() * 0xd7fe))),
];

const oddValues: ((text: string) => unknown)[] = [
  (text) => text,
  () => null,
  () => true,
  () => 0,
  () => -1,
  () => 1.5,
  () => 1e308,
  () => 2 ** 53,
  () => 2 ** 31,
  () => [],
  () => ({}),
  (text) => [text, text],
  (text) => ({ [text]: text }),
];

const brokenBodies = ["", "{", "null", "[]", '"x"', "1e999", '{"a":1}x', '{"__proto__":{}}', "\uFEFF{}"]
  .map((text) => Buffer.from(text))
  .concat(Buffer.from([0x22, 0xff, 0x22]), Buffer.from("[".repeat(20_000)), Buffer.alloc(70_000, 32));

const oddTypes = [
  "text/plain",
  "application/json; charset=utf-16",
  "",
  "multipart/form-data",
  "json",
  "a/b/c",
];

const oddPaths = [
  "/",
  "//",
  "/v1",
  "/v1/",
  "/v1//apps",
  "/v1/apps/",
  "/V1/apps",
  "/v1/apps/%zz",
  "/v1/apps/%C0%AF",
  "/v1/apps/%00",
  "/v1/keys/..%2f..%2fetc",
  "/openapi.json",
  "/healthz",
  "/docs",
  "/docs/",
  "/.env",
  "*",
];

/** What may stand in a header at all: Node's client sends nothing else. */
function headerText(text: string): string {
  return text.replaceAll(/[^\t\u0020-\u007e\u0080-\u00ff]/g, "").slice(0, 300);
}

/** Small, fast and the same everywhere: a seed is enough to see a failure again. */
function mulberry32(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
