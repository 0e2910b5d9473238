import { createHash } from "node:crypto";
import { problem } from "@mosis/http";
import type { Queryable } from "@mosis/postgres";
import { type Erasure, requestedErasure } from "@mosis/types/erasures";
import { topics } from "@mosis/types/topics";
import { missingApp } from "../../access/apps.ts";
import type { Call } from "../../access/call.ts";
import { reachOf } from "../../access/principal.ts";
import { requireRecent } from "../../access/recent-sign-in.ts";
import { authorOf, record } from "../../changes/outbox/record.ts";
import { insertErasure, lockApp, usageOfDay } from "./queries.ts";

/**
 * The limit of one app. ClickHouse rewrites every part of a table that has rows of the erased install.
 * @limit erasures of an app in 24 hours
 */
const erasuresPerDayMax = 1000;

export async function requestErasure(
  tx: Queryable,
  call: Call,
  packageId: string,
  installId: string,
): Promise<Erasure> {
  const app = await lockApp(tx, reachOf(call.principal), packageId);
  if (!app) throw missingApp();
  // An erasure cannot be undone.
  await requireRecent(tx, call.principal);
  const used = await usageOfDay(tx, app.id);
  if (used.count >= erasuresPerDayMax) {
    throw problem("quota_exceeded", `An app may have ${erasuresPerDayMax} erasures in 24 hours; ask later.`, {
      headers: { "Retry-After": String(used.free_in_seconds) },
    });
  }
  const row = await insertErasure(tx, app.id, createHash("sha256").update(installId).digest("hex"));
  const { id: erasure_id, install_hash, requested_at } = row;
  await record(tx, authorOf(call, app.developer_id), {
    action: "telemetry_erasure.requested",
    target: { type: "telemetry_erasure", id: erasure_id },
    // The audit event is kept for good, so it has no install id.
    payload: { package_id: packageId, install_hash, requested_at },
    state: { topic: topics.erasures, key: erasure_id, value: { install_id: installId } },
  });
  return requestedErasure(erasure_id, row);
}
