/**
 * A store or a limit of ours is temporarily the cause of a failure: connection lost, pool or queue full,
 * statement timed out. The request itself is valid. Adapters throw it, and HTTP answers it as `unavailable`
 * (503) with Retry-After. `cause` is the driver's error.
 */
export class Unavailable extends Error {
  readonly retryAfterSeconds: number;

  /** @param message A public sentence, which is shown to the client. */
  constructor(message: string, options: { cause?: unknown; retryAfterSeconds?: number } = {}) {
    super(message, "cause" in options ? { cause: options.cause } : {});
    this.name = "Unavailable";
    this.retryAfterSeconds = options.retryAfterSeconds ?? 2;
  }
}
