import assert from "node:assert/strict";
import { test } from "node:test";
import type { AppEntry, Grant } from "../../../access/access-table.ts";
import { Quotas } from "./quotas.ts";
import type { Share } from "./share.ts";
import { Usage } from "./usage.ts";

const noon = Date.UTC(2026, 10, 25, 12);
const app: AppEntry = {
  appId: "app",
  developerId: "ada",
  packageId: "org.mosis.chess",
  eventsPerDay: 10_000,
  eventsPerSecond: 400,
};
const key: Grant = { keyId: "key", developerId: "ada", appIds: null, kind: "ingest", eventsPerSecond: null };

test("a batch is taken whole or not at all", () => {
  const quotas = new Quotas(new Usage());
  assert.equal(quotas.take([{ app, events: 1000 }], key, noon), null);
  assert.equal(quotas.take([{ app, events: 900 }], key, noon), null);
  const refusal = quotas.take([{ app, events: 101 }], key, noon);
  assert.deepEqual([refusal?.code, refusal?.retryAfterSeconds], ["rate_limited", 1]);
  assert.equal(quotas.take([{ app, events: 100 }], key, noon), null, "a refusal takes nothing");
  assert.equal(quotas.take([{ app, events: 1000 }], key, noon)?.retryAfterSeconds, 3);
  assert.equal(quotas.take([{ app, events: 1000 }], key, noon + 3000), null);
});

test("the largest batch fits into the smallest rate, after a wait", () => {
  const quotas = new Quotas(new Usage());
  const slow = { ...app, eventsPerSecond: 1 };
  assert.equal(quotas.take([{ app: slow, events: 1000 }], key, noon), null);
  const refusal = quotas.take([{ app: slow, events: 1000 }], key, noon);
  assert.equal(refusal?.retryAfterSeconds, 1000);
  assert.match(refusal.fields.policy, /"burst";q=1000;w=1000$/);
  assert.equal(quotas.take([{ app: slow, events: 1000 }], key, noon + 1_000_000), null);
});

test("a day has its events, of whichever process, until midnight UTC", () => {
  const usage = new Usage();
  const quotas = new Quotas(usage);
  usage.apply("other", Buffer.from(`{"sequence":1,"day":20782,"events":{"app":9500}}`), 20_782);
  assert.equal(quotas.take([{ app, events: 500 }], key, noon), null);
  const refusal = quotas.take([{ app, events: 1 }], key, noon + 500);
  assert.equal(refusal?.code, "quota_exceeded");
  assert.equal(refusal.retryAfterSeconds, 43_200);
  assert.match(refusal.fields.state, /^"day";r=0;t=43200, /);
  assert.equal(quotas.take([{ app, events: 0 }], key, noon), null, "what has no events costs nothing");
  assert.equal(quotas.take([{ app, events: 1000 }], key, noon + 43_200_000), null);
});

test("a key may have a limit of its own, and a refusal by it takes nothing of the app", () => {
  const quotas = new Quotas(new Usage());
  const limited = { ...key, eventsPerSecond: 10 };
  assert.equal(quotas.take([{ app, events: 1000 }], limited, noon), null);
  const refusal = quotas.take([{ app, events: 30 }], limited, noon);
  assert.deepEqual([refusal?.code, refusal?.retryAfterSeconds], ["rate_limited", 3]);
  assert.match(refusal?.detail ?? "", /^The key may send 10 events a second/);
  const fields = quotas.fieldsOf(app, limited, noon);
  assert.equal(fields?.policy, `"day";q=10000;w=86400, "burst";q=2000;w=5, "key";q=1000;w=100`);
  assert.equal(fields?.state, `"day";r=9000;t=43200, "burst";r=1000;t=3, "key";r=0;t=100`);
  assert.equal(quotas.take([{ app, events: 1000 }], key, noon), null);
});

test("what is given back can be taken again", () => {
  const quotas = new Quotas(new Usage());
  quotas.take([{ app, events: 1000 }], key, noon);
  quotas.giveBack([{ app, events: 1000 }], key, noon);
  assert.equal(quotas.fieldsOf(app, key, noon)?.state, `"day";r=10000;t=43200, "burst";r=2000;t=0`);
});

test("what is told is put together once a second, and anew for whoever is refused", () => {
  const quotas = new Quotas(new Usage());
  const first = quotas.fieldsOf(app, key, noon)?.state;
  quotas.take([{ app, events: 1000 }], key, noon + 1);
  assert.equal(quotas.fieldsOf(app, key, noon + 999)?.state, first);
  assert.match(quotas.fieldsOf(app, key, noon + 1000)?.state ?? "", /"day";r=9000;/);
  quotas.take([{ app, events: 1000 }], key, noon + 1000);
  assert.match(quotas.take([{ app, events: 1000 }], key, noon + 1001)?.fields.state ?? "", /"day";r=8000;/);
});

test("a request of several apps is taken for all of them or for none", () => {
  const usage = new Usage();
  const quotas = new Quotas(usage);
  const small = { ...app, appId: "small", eventsPerDay: 5 };
  const shares = [
    { app, events: 100 },
    { app: small, events: 6 },
  ];
  assert.equal(quotas.take(shares, key, noon)?.code, "quota_exceeded");
  assert.equal(usage.events("app", 20_782), 0);
  assert.equal(quotas.fieldsOf(app, key, noon)?.state, `"day";r=10000;t=43200, "burst";r=2000;t=0`);
});

const shares = (events: number, from = large): Share[] => [{ app: from, events }];
const large: AppEntry = { ...app, eventsPerDay: 1_000_000, eventsPerSecond: 10_000 };

// INVARIANT 69
test("an address has a share of the rate with a public key, and all of it with a secret one", () => {
  const quotas = new Quotas(new Usage());
  const from = (network: string) => ({ network, judge() {} });
  for (let n = 0; n < 25; n++) assert.equal(quotas.take(shares(1000), key, noon, from("a")), null);
  const refusal = quotas.take(shares(1000), key, noon, from("a"));
  assert.equal(refusal?.code, "rate_limited");
  assert.match(refusal.detail, /^An address may send 5000 events a second and 25000 at once/);
  assert.equal(refusal.retryAfterSeconds, 1);
  assert.equal(quotas.take(shares(1000), key, noon, from("b")), null);
  const secret: Grant = { ...key, kind: "management" };
  assert.equal(quotas.take(shares(1000), secret, noon, from("a")), null);
  assert.equal(quotas.take(shares(1000), key, noon + 1000, from("a")), null);
});

test("what is refused is given back, and somebody looks only when no more may be refused", () => {
  const usage = new Usage();
  const quotas = new Quotas(usage, { ratePercent: 100, dayPercent: 100, refusedPercent: 1 });
  const small = { ...large, eventsPerDay: 200_000 };
  let looks = 0;
  const send = (wrong: number, dropped = 0) => {
    const [share] = shares(1000, small);
    assert.ok(share);
    const sender = { network: "a", judge: () => void (looks++, (share.refused = wrong)) };
    const refusal = quotas.take([share], key, noon, sender);
    if (refusal) return refusal;
    share.found = { refused: wrong, dropped };
    quotas.settle(share, key, sender, noon);
    return null;
  };
  assert.equal(send(1000), null);
  assert.equal(usage.events("app", 20_782), 0, "what is refused takes nothing of the day");
  assert.equal(looks, 0);
  assert.equal(send(400)?.code, "rate_limited");
  assert.equal(send(0), null);
  assert.equal(looks, 2, "half of the 2000 of a day may be refused at once, and all of them are");
  assert.equal(usage.events("app", 20_782), 1000);
  assert.equal(send(0, 300), null);
  assert.equal(usage.events("app", 20_782), 1700, "nor does what is dropped");
});
