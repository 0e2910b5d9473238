import { type ClickHouse, select } from "@mosis/clickhouse";
import Type from "typebox";

const ClockRow = Type.Object({ now_ms: Type.String() });

/** Clocks further apart than this are wrong, and not only read one after the other. */
export const clockOffsetMsMax = 60_000;

/**
 * How far a clock of ours is ahead of ClickHouse's; 0 when the server's time lies between the question and
 * its answer.
 */
export async function clockOffset(store: ClickHouse, now: () => number): Promise<number> {
  const askedMs = now();
  const rows = await select(store, ClockRow, "select toUnixTimestamp64Milli(now64(3)) as now_ms", {});
  const [serverMs, answeredMs] = [Number(rows[0]?.now_ms), now()];
  if (serverMs < askedMs) return askedMs - serverMs;
  return serverMs > answeredMs ? answeredMs - serverMs : 0;
}
