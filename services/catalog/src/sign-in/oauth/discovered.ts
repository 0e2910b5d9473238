import type { Configuration } from "openid-client";

/**
 * The minimum time between two reads of a document. A provider that moves an endpoint is noticed when a
 * request there fails.
 */
export const rereadMsDefault = 60_000;
/**
 * The maximum age of a document. We see no failure when a page has moved, because the browser does not come
 * back from it.
 */
const ageMsMax = 3_600_000;

interface Known {
  readAtMs: number;
  configuration: Promise<Configuration>;
}

/**
 * The endpoints that providers publish. They are read at the first sign-in, and again when they may be
 * outdated.
 */
export class Discovered {
  private readonly known = new Map<string, Known>();
  private readonly rereadMs: number;

  constructor(rereadMs: number) {
    this.rereadMs = rereadMs;
  }

  /**
   * Returns the configuration of a provider. A known one stays in use while `read` fails.
   * @throws the error of `read` when no configuration is known.
   */
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

  /**
   * Marks a configuration as doubtful after a failure: the next sign-in reads it again, unless that was done
   * recently.
   */
  doubt(name: string): void {
    const known = this.known.get(name);
    if (known && Date.now() - known.readAtMs >= this.rereadMs) known.readAtMs = -Infinity;
  }
}
