/**
 * A store or a limit of ours that stands in the way for now: connection lost, pool or queue full, statement
 * timed out. Nothing is wrong with the request. Adapters throw it, and HTTP answers it as `unavailable` (503)
 * with Retry-After. `cause` is what the driver said.
 */
export class Unavailable extends Error {
  readonly retryAfterSeconds: number;

  /** @param message public sentence: it is shown to the client. */
  constructor(message: string, options: { cause?: unknown; retryAfterSeconds?: number } = {}) {
    super(message, "cause" in options ? { cause: options.cause } : {});
    this.name = "Unavailable";
    this.retryAfterSeconds = options.retryAfterSeconds ?? 2;
  }
}
