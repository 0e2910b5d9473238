import type { Replay } from "@mosis/types/rejected";
import { isWideInteger } from "../ingest/events/exact-json.ts";

type MergePatch = NonNullable<Replay["patch"]>;

/**
 * Returns the value after a JSON Merge Patch (RFC 7396 §2). Its depth is limited by the schema of the patch.
 * Fields are defined, never assigned: a field may have the name of something that every object has.
 */
export function mergePatch(value: unknown, patch: MergePatch): unknown {
  const target: Record<string, unknown> = isObject(value) ? value : {};
  const kept = Object.entries(target).filter(([field]) => !Object.hasOwn(patch, field));
  const changed = Object.entries(patch).flatMap(([field, change]) => {
    if (change === null) return [];
    if (typeof change !== "object") return [[field, change] as const];
    return [[field, mergePatch(Object.hasOwn(target, field) ? target[field] : {}, change)] as const];
  });
  return Object.fromEntries([...kept, ...changed]);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !isWideInteger(value);
}
