import { readdirSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import Type from "typebox";
import { type ClickHouse, select } from "@mosis/clickhouse";
import type { Figures } from "./report.ts";

/**
 * Returns the bytes of the log segments of a topic under a data folder, all partitions; 0 when Kafka is
 * elsewhere.
 */
export function logBytes(dataDir: string, topic: string): number {
  const files = readdirSync(dataDir, { recursive: true, withFileTypes: true });
  const isOfTopic = (folder: string) => basename(folder).replace(/-\d+$/, "") === topic;
  return files
    .filter((file) => file.isFile() && file.name.endsWith(".log") && isOfTopic(file.parentPath))
    .reduce((total, file) => total + statSync(join(file.parentPath, file.name)).size, 0);
}

/** Returns the bytes on disk of one row after all merges, by table: all columns, indexes and marks. */
export async function bytesPerRow(store: ClickHouse): Promise<Figures> {
  const tables = ["events_raw", "ingest_batches_raw"];
  for (const name of tables) await store.command(`OPTIMIZE TABLE ${name} FINAL`);
  const rows = await select(
    store,
    Type.Object({ table: Type.String(), bytes: Type.Number() }),
    `SELECT table, sum(bytes_on_disk) / sum(rows) AS bytes FROM system.parts
     WHERE database = currentDatabase() AND active AND table IN {tables:Array(String)} GROUP BY table`,
    { tables },
  );
  return Object.fromEntries(rows.map((row) => [row.table, row.bytes]));
}
