import assert from "node:assert/strict";
import { test } from "node:test";
import { MosisProblem } from "@mosis/client";
import { registerApp, startPlatform, type TestPlatform, untilEqual } from "./platform.ts";

test("the audit log tells every change", async (t) => {
  const platform = await startPlatform(t);

  // Guards the invariant "a change and its audit event are committed together and arrive once"
  // (INVARIANTS.md).
  // INVARIANT 21
  await t.test("once, in order, also after kill -9 of the relay", () => everyChangeOnce(platform));

  // INVARIANT 43
  await t.test("and never a secret", async () => {
    const { developerId, ingestKey, password } = await registerApp(platform);
    const payloads = () =>
      platform.sql<{ payload: string }>(
        `select payload from audit_events where developer_id = '${developerId}'`,
      );
    await untilEqual(async () => (await payloads()).length, 5);
    const text = JSON.stringify(await payloads());
    assert.ok(!text.includes(ingestKey.slice(8)) && !text.includes(password), "a secret is in the audit log");
  });
});

/** The token of a mail is made when the mail leaves, whenever that is. */
const whenMailed = "account_token.created";

async function everyChangeOnce(platform: TestPlatform): Promise<void> {
  const { catalog, developerId, packageId } = await registerApp(platform);
  await platform.kill("relay");
  const key = await catalog.createKey({ name: "short-lived", kind: "ingest", package_ids: [packageId] });
  await catalog.deleteKey(key.id);
  await assert.rejects(catalog.createApp({ package_id: packageId, name: "Taken" }), MosisProblem);
  await platform.start("relay");

  const expected = [
    { action: "developer.created", target: developerId },
    { action: "session.created" },
    { action: "app.created" },
    { action: "key.created" },
    { action: "key.created", target: key.id },
    { action: "key.deleted", target: key.id },
  ];
  const read = async () => {
    const rows = await platform.sql<{ action: string; target_id: string }>(
      `select action, target_id from audit_events
      where developer_id = '${developerId}' and action != '${whenMailed}' order by position`,
    );
    return rows.map(({ action, target_id }, index) =>
      expected[index]?.target === undefined ? { action } : { action, target: target_id },
    );
  };
  await untilEqual(read, expected);
}
