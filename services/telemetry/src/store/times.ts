/** Times in queries: milliseconds since 1970, as whole ones are stored. */
export function timeParam(name: string): string {
  return `fromUnixTimestamp64Milli({${name}:Int64}, 'UTC')`;
}

/**
 * Milliseconds since 1970, rounded up: what is stored has whole ones, so before and not before a time stay
 * what they are.
 */
export function wholeMs(timestamp: string): number {
  return Date.parse(timestamp) + (/\.\d{3}0*[1-9]/.test(timestamp) ? 1 : 0);
}
