import type { Configuration } from "openid-client";

/** A provider that moves an endpoint is found again by what fails there; nothing asks it more often. */
export const rereadMsDefault = 60_000;
/** Of a page that moved we see no failure: nobody comes back from it. */
const ageMsMax = 3_600_000;

interface Known {
  readAtMs: number;
  configuration: Promise<Configuration>;
}

/** What providers say of their endpoints: read at the first sign-in, and again when it may be outdated. */
export class Discovered {
  private readonly known = new Map<string, Known>();
  private readonly rereadMs: number;

  constructor(rereadMs: number) {
    this.rereadMs = rereadMs;
  }

  /** @throws what `read` throws, when nothing is known. One that is known serves on while `read` fails. */
  async of(name: string, read: () => Promise<Configuration>): Promise<Configuration> {
    const known = this.known.get(name);
    if (known && Date.now() - known.readAtMs < ageMsMax) return known.configuration;
    const next = { readAtMs: Date.now(), configuration: read() };
    this.known.set(name, next);
    try {
      return await next.configuration;
    } catch (error) {
      if (!known) {
        this.known.delete(name);
        throw error;
      }
      this.known.set(name, { ...known, readAtMs: next.readAtMs });
      return known.configuration;
    }
  }

  /** After a failure: it is read again at the next sign-in, unless that was done just now. */
  doubt(name: string): void {
    const known = this.known.get(name);
    if (known && Date.now() - known.readAtMs >= this.rereadMs) known.readAtMs = -Infinity;
  }
}
