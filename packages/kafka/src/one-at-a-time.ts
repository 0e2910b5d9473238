/**
 * Runs work one call at a time. Callers during a run share the next one: the answer of a run that began
 * before the call may be older than what the caller knows.
 */
export function oneAtATime<T>(work: () => Promise<T>): () => Promise<T> {
  let latest: Promise<unknown> = Promise.resolve();
  let next: Promise<T> | null = null;
  return () => {
    if (next) return next;
    const begin = () => {
      next = null;
      return work();
    };
    next = latest.then(begin, begin);
    latest = next;
    return next;
  };
}
