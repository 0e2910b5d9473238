import Type, { type Static } from "typebox";

/**
 * Value of a `telemetry.key-uses` record: the keys that a telemetry process has seen in use since its last
 * record. A repeated record changes nothing.
 */
export const KeyUseRecord = Type.Object({
  /** Key id → time of the last use, epoch milliseconds of the process's clock. */
  used_at: Type.Record(Type.String(), Type.Integer({ minimum: 0 })),
});
export type KeyUseRecord = Static<typeof KeyUseRecord>;
