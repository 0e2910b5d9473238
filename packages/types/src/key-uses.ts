import Type, { type Static } from "typebox";

/**
 * Value of a `telemetry.key-uses` record: keys that a process of telemetry has seen in use since its last
 * one. The same may be there twice, which changes nothing.
 */
export const KeyUseRecord = Type.Object({
  /** Key id → when it was last used, epoch milliseconds of the process's clock. */
  used_at: Type.Record(Type.String(), Type.Integer({ minimum: 0 })),
});
export type KeyUseRecord = Static<typeof KeyUseRecord>;
