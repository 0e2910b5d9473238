import type { TestContext } from "node:test";
import { select } from "@mosis/clickhouse";
import Type from "typebox";
import { openApp } from "./sending.ts";
import { freshStore, startTestWriter } from "./stored.ts";
import { freshKafka } from "./support.ts";

const Row = Type.Record(Type.String(), Type.Unknown());

/** Ingest with one app and the writer behind it, and what is in the view `events` of that app. */
export async function openPath(t: TestContext, options: Parameters<typeof openApp>[2] = {}) {
  const kafka = await freshKafka();
  const { store, url: storeUrl } = await freshStore(t);
  await startTestWriter(t, kafka, storeUrl);
  const opened = await openApp(t, kafka, options);
  const rows = (columns: string, where = "1") =>
    select(
      store,
      Row,
      `select ${columns} from events where app_id = '${opened.app.app_id}' and ${where}
      order by client_time, name`,
    );
  return { ...opened, store, rows };
}
