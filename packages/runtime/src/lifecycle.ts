import type { Logger } from "./logger.ts";

/** The resources that a process has opened. They are closed in reverse order. */
export interface Lifecycle {
  /**
   * Takes charge of a resource, and closes it after everything that was opened later. Returns the resource.
   */
  own<T>(name: string, resource: T, close: (resource: T) => Promise<void> | void): T;
  /**
   * Resolves with the reason to stop: SIGTERM, SIGINT, or `disconnect` when the parent that started us is
   * gone.
   */
  untilSignal(): Promise<string>;
  /**
   * Closes everything, newest first. A close that fails or takes too
   * long is logged and does not stop the others.
   */
  close(): Promise<void>;
}

/**
 * The default bound of all closes together: 9 s of a server that drains, and the closes that report then that
 * their store is away. With `endWithinMs` it is well below the 20 s after which a supervisor kills a process,
 * however many resources hang: when Kafka hangs, so does every close that sends something.
 */
const closeAllTimeoutMsDefault = 13_000;

/**
 * @param closeTimeoutMs Bound of each single close.
 * @param closeAllTimeoutMs Bound of all together. After it nothing is waited for. Default 13 s.
 */
export function createLifecycle({
  log,
  closeTimeoutMs,
  closeAllTimeoutMs = closeAllTimeoutMsDefault,
}: {
  log: Logger;
  closeTimeoutMs: number;
  closeAllTimeoutMs?: number;
}): Lifecycle {
  const owned: { name: string; close: () => Promise<void> | void }[] = [];
  return {
    own(name, resource, close) {
      owned.push({ name, close: () => close(resource) });
      return resource;
    },
    untilSignal,
    async close() {
      const overAtMs = performance.now() + closeAllTimeoutMs;
      for (let entry = owned.pop(); entry; entry = owned.pop()) {
        try {
          const leftMs = Math.max(0, overAtMs - performance.now());
          await withDeadline(Promise.resolve(entry.close()), Math.min(closeTimeoutMs, leftMs));
        } catch (error) {
          log.error({ err: error, resource: entry.name }, `closing ${entry.name} failed`);
        }
      }
    },
  };
}

/**
 * The time that an empty process may take to end.
 * @limit an empty process, until it ends itself
 */
const endWithinMs = 2000;

/**
 * Ends a process after its lifecycle is closed, also when something is still open that nobody owns. It is the
 * last line of a process: nobody restarts a process that has failed to start and does not end.
 */
export function endProcess(log: Logger): void {
  setTimeout(() => {
    const open = process.getActiveResourcesInfo();
    log.error({ open }, "Something that nobody closes keeps the process alive; it is ended");
    process.exit();
  }, endWithinMs).unref();
}

function untilSignal(): Promise<string> {
  return new Promise((resolve) => {
    // A launcher that was killed cannot send a signal; its end of the IPC channel closes instead.
    const onDisconnect = () => resolve("disconnect");
    process.once("disconnect", onDisconnect);
    if (process.channel === null) resolve("disconnect");
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      process.once(signal, () => {
        // A listener on the channel would keep the process alive after everything else is closed.
        process.off("disconnect", onDisconnect);
        resolve(signal);
      });
    }
  });
}

async function withDeadline(work: Promise<void>, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not closed after ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
