import { setTimeout as delay } from "node:timers/promises";
import type { Server } from "./server.ts";

/** A server that is started again, on its data, when it ends unexpectedly. */
export interface KeptServer {
  name: string;
  url: string;
  /**
   * Returns the pid of the running server, another one after a restart; null in a container, where we cannot
   * signal it.
   */
  pid(): number | null;
  /** Resolves with the reason when it does not come back. */
  lost: Promise<Error>;
  /** Ends it for good, and waits until it has ended. */
  stop(): Promise<void>;
}

export interface KeepOptions {
  onProgress: (text: string) => void;
  /**
   * Milliseconds that a server may fail to come back before it is given up. Default: it is never given up.
   */
  comebackTimeoutMs?: number;
  /** The interval at which a server that has not come back is reported. Default 60 s. */
  tellIntervalMs?: number;
}

const pauseMs = 500;

/** @throws StackError when the first start fails: a person has to fix that. */
export async function keepRunning(
  start: () => Promise<Server>,
  { onProgress, comebackTimeoutMs = Number.POSITIVE_INFINITY, tellIntervalMs = 60_000 }: KeepOptions,
): Promise<KeptServer> {
  let server = await start();
  const { name, url } = server;
  const { promise: lost, resolve: lose } = Promise.withResolvers<Error>();
  const asked = { toStop: false };

  const comeBack = async () => {
    const goneAt = performance.now();
    let told = 0;
    while (!asked.toStop) {
      await delay(pauseMs);
      try {
        return await start();
      } catch (error) {
        const goneMs = performance.now() - goneAt;
        if (goneMs > comebackTimeoutMs) throw error;
        if (goneMs < (told + 1) * tellIntervalMs) continue;
        told = Math.floor(goneMs / tellIntervalMs);
        const [why] = String(error instanceof Error ? error.message : error).split("\n");
        onProgress(`${name} has been down for ${Math.round(goneMs / 1000)} s and is tried again: ${why}`);
      }
    }
    return null;
  };
  const watch = async () => {
    while (!asked.toStop) {
      const how = await server.exited;
      if (asked.toStop) return;
      onProgress(`${name} ended (${how}); it is started again`);
      const next = await comeBack();
      if (!next) return;
      server = next;
      onProgress(`${name} is back`);
    }
  };
  const watching = watch().catch((error: unknown) => lose(error as Error));

  return {
    name,
    url,
    lost,
    pid: () => server.pid,
    async stop() {
      asked.toStop = true;
      await server.stop();
      // A start that was in progress when the stop came ends here.
      await watching;
      await server.stop();
    },
  };
}
