import type { QueryParams } from "@mosis/clickhouse";

/** A condition, and the values of its parameters; null when the condition is left out. */
export type Filter = [condition: string, params: QueryParams | null];

/** Returns the conditions that were asked for, to stand behind `where`; there must be at least one. */
export function whereOf(filters: readonly Filter[]): { where: string; params: QueryParams } {
  const used = filters.filter(([, params]) => params !== null);
  return {
    where: used.map(([condition]) => condition).join(" and "),
    params: Object.assign({}, ...used.map(([, params]) => params)) as QueryParams,
  };
}

/** Returns the SQL for a time parameter, whose value is whole milliseconds since 1970. */
export function timeParam(name: string): string {
  return `fromUnixTimestamp64Milli({${name}:Int64}, 'UTC')`;
}

/**
 * Returns the milliseconds since 1970, rounded up: stored times are whole milliseconds, so "before" and "not
 * before" keep their meaning.
 */
export function wholeMs(timestamp: string): number {
  return Date.parse(timestamp) + (/\.\d{3}0*[1-9]/.test(timestamp) ? 1 : 0);
}
