export interface Percentiles {
  p50: number;
  p99: number;
  max: number;
}

/** Returns percentiles; all are 0 when there are no values. */
export function percentiles(values: readonly number[]): Percentiles {
  const sorted = Float64Array.from(values).toSorted();
  const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}

export function median(values: readonly number[]): number {
  return percentiles(values).p50;
}
