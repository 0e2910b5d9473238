import type { QueryParams } from "@mosis/clickhouse";

/** A condition, and the values of its parameters; null when it is left out. */
export type Filter = [condition: string, params: QueryParams | null];

/** The conditions that are asked for, behind a `where`; at least one has to be. */
export function whereOf(filters: readonly Filter[]): { where: string; params: QueryParams } {
  const used = filters.filter(([, params]) => params !== null);
  return {
    where: used.map(([condition]) => condition).join(" and "),
    params: Object.assign({}, ...used.map(([, params]) => params)) as QueryParams,
  };
}
