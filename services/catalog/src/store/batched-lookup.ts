import { setImmediate as endOfTurn } from "node:timers/promises";

interface Batch<T> {
  keys: Set<string>;
  found: Promise<ReadonlyMap<string, T>>;
}

/** Keys of one statement. */
const keysMax = 64;

/**
 * A look-up by key that many ask for at once: what comes in one turn of the event loop goes out as one
 * statement. Nobody waits for a turn to come, so a single request takes as long as before; the more come, the
 * less each costs. What is not found is null. When a statement fails, so does each look-up that is in it.
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
