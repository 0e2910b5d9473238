import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { openPath } from "./foreign.ts";
import { untilCount } from "./stored.ts";

/** One event named so, in every protocol that ingest speaks. */
const protocols: [path: string, body: (name: string, country?: string) => object][] = [
  [
    "/v1/telemetry/batches",
    (name, country) => ({
      batch_id: randomUUID(),
      ...(country ? { context: { country } } : {}),
      events: [{ event_id: randomUUID(), name, time: Date.now() }],
    }),
  ],
  [
    "/v1/logs",
    (name, country) => {
      const attribute = { key: "geo.country.iso_code", value: { stringValue: country } };
      const record = { timeUnixNano: `${Date.now()}000000`, eventName: name };
      const resource = { attributes: country ? [attribute] : [] };
      return { resourceLogs: [{ resource, scopeLogs: [{ logRecords: [record] }] }] };
    },
  ],
  [
    "/v1/track",
    (event, country) => {
      const context = { location: { country }, ip: "203.0.113.7" };
      return {
        event,
        messageId: randomUUID(),
        anonymousId: "a",
        timestamp: new Date().toISOString(),
        context,
      };
    },
  ],
];

// INVARIANT 50
test("the country is the client's word, else the proxy's, and an address is stored nowhere", async (t) => {
  const path = await openPath(t, { countryHeader: "CF-IPCountry" });
  const sent: [name: string, header: string | null, own: string | undefined, stored: string][] = [
    ["by the proxy", "de", undefined, "DE"],
    ["by the client", "DE", "FR", "FR"],
    ["unknown to the proxy", "XX", undefined, ""],
    ["Tor", "T1", undefined, ""],
    ["an address", "203.0.113.7", undefined, ""],
    ["no header", null, undefined, ""],
  ];
  for (const [route, bodyOf] of protocols) {
    for (const [name, header, own] of sent) {
      const proxy: Record<string, string> = header === null ? {} : { "CF-IPCountry": header };
      const forwarded = { "x-forwarded-for": "203.0.113.7", forwarded: "for=203.0.113.7" };
      const answer = await post(path, route, bodyOf(name, own), { ...proxy, ...forwarded });
      assert.ok(answer.ok, `${route} ${answer.status}`);
    }
  }
  await untilCount(path.store, `events where app_id = '${path.app.app_id}'`, sent.length * protocols.length);
  for (const [name, , , stored] of sent) {
    const rows = await path.rows("country", `name = '${name}'`);
    assert.deepEqual(
      rows,
      protocols.map(() => ({ country: stored })),
      name,
    );
  }
  assert.ok(!JSON.stringify(await path.rows("*")).includes("203.0.113"));
});

test("without a header that is named, none is believed", async (t) => {
  const path = await openPath(t);
  for (const [route, bodyOf] of protocols) {
    const headers = { "CF-IPCountry": "DE", "X-Country": "DE" };
    assert.ok((await post(path, route, bodyOf("any"), headers)).ok);
  }
  await untilCount(path.store, `events where app_id = '${path.app.app_id}'`, protocols.length);
  assert.deepEqual(
    await path.rows("country"),
    protocols.map(() => ({ country: "" })),
  );
});

function post(
  { url, secret }: { url: string; secret: string },
  route: string,
  body: object,
  headers: Record<string, string>,
) {
  return fetch(`${url}${route}`, {
    method: "POST",
    headers: { authorization: `Bearer ${secret}`, "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
}
