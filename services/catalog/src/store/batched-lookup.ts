import { setImmediate as endOfTurn } from "node:timers/promises";

interface Batch<T> {
  keys: Set<string>;
  found: Promise<ReadonlyMap<string, T>>;
}

/** The largest number of keys in one statement. */
const keysMax = 64;

/**
 * Creates a look-up by key that sends all keys of one turn of the event loop as one statement. No request
 * waits for others, so a single one takes as long as before; the more requests come, the less each costs. A
 * key that is not found gives null. When a statement fails, each look-up in it fails.
 */
export function gathered<T>(
  find: (keys: readonly string[]) => Promise<ReadonlyMap<string, T>>,
): (key: string) => Promise<T | null> {
  let open: Batch<T> | null = null;

  async function send(keys: Set<string>): Promise<ReadonlyMap<string, T>> {
    await endOfTurn();
    if (open?.keys === keys) open = null;
    return find([...keys]);
  }

  return async (key) => {
    if (open === null || open.keys.size >= keysMax) {
      const keys = new Set<string>();
      open = { keys, found: send(keys) };
    }
    const { keys, found } = open;
    keys.add(key);
    return (await found).get(key) ?? null;
  };
}
