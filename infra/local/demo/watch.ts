import { randomUUID } from "node:crypto";
import Type from "typebox";
import type { ClickHouse } from "@mosis/clickhouse";
import { patientSelect } from "./patience.ts";
import type { DemoAccount } from "./account.ts";
import { type FreshnessProbe, startFreshnessProbe } from "./freshness.ts";
import { countDistinct, type Ledger } from "./ledger.ts";
import { sendBatch, type SendOptions } from "./sender.ts";
import type { PlannedBatch } from "./traffic.ts";

/** Starts the freshness probe of a demo; its events are part of the books like all others. */
export function watchFreshness(options: {
  store: ClickHouse;
  account: DemoAccount;
  ledger: Ledger;
  sendOptions: SendOptions;
}): FreshnessProbe {
  const { store, account, ledger, sendOptions } = options;
  const app = account.apps.length - 1;
  const app_id = account.apps[app]?.id;
  return startFreshnessProbe({
    intervalMs: 250,
    deadlineMs: sendOptions.deadlineMs,
    async send(sessionId) {
      const batch = probeBatch(app, sessionId);
      await sendBatch(batch, ledger, sendOptions);
      countDistinct(ledger, batch);
    },
    async isVisible(session) {
      const rows = await patientSelect(
        store,
        Type.Object({ name: Type.String() }),
        `select name from events
         where app_id = {app_id:UUID} and session_id = {session:UUID}
           and event_time > now() - interval 10 minute`,
        { app_id, session },
      );
      return rows.length > 0;
    },
  });
}

function probeBatch(app: number, session_id: string): PlannedBatch {
  const name = "freshness_probe";
  return {
    batchId: randomUUID(),
    app,
    context: { os: "linux" },
    events: [{ event_id: randomUUID(), name, kind: "perf", time: Date.now(), session_id }],
    clockAheadMs: 0,
    gzip: false,
    validNames: [name],
    refused: new Map(),
    encore: "none",
  };
}
