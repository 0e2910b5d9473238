import { fork } from "node:child_process";
import { join } from "node:path";
import type { AskOrder } from "./ask.ts";
import { firstMessage } from "./measure.ts";

/** Runs a function with a server of this folder, which reports its URL. */
export async function withServer<T>(
  file: string,
  parameters: string[],
  use: (server: Pick<AskOrder, "url" | "processes">) => Promise<T>,
): Promise<T> {
  const child = fork(join(import.meta.dirname, file), parameters);
  const { url } = await firstMessage<{ url: string }>(child);
  try {
    return await use({ url, processes: { api: child.pid ?? 0 } });
  } finally {
    child.disconnect();
  }
}
