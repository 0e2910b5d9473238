/** The input of each program. */
export interface Given {
  urls: { catalog: string; ingest: string; query: string };
  /** A word that only this program uses, so that programs do not meet. */
  word: string;
}

/** The results of each program, in the types of the generated client. */
export interface Seen {
  packageId: string;
  name: string;
  status: string;
  /** The code of the problem when a missing app is requested. */
  refusal: string;
  accepted: number;
  state: string;
}

export const password = "tram window salt basket";

/** An event whose fields have every type that they may have. */
export const event = {
  name: "level_complete",
  kind: "screen",
  duration_ms: 1200,
  properties: { level: "forest", score: 12.5, won: true },
} as const;

const waitMsMax = 30_000;

/** Calls again until there is a value: a key or a receipt takes a moment to arrive where it is read. */
export async function until<T>(what: string, call: () => Promise<T | undefined>): Promise<T> {
  const giveUpAt = Date.now() + waitMsMax;
  for (;;) {
    const value = await call();
    if (value !== undefined) return value;
    if (Date.now() > giveUpAt) throw new Error(`${what} is not there after ${waitMsMax} ms`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Returns the data of an answer of openapi-fetch or hey-api. @throws Error with the problem. */
export function dataOf<T>({ data, error }: { data?: T; error?: unknown }): T {
  if (data === undefined) throw new Error(JSON.stringify(error));
  return data;
}
