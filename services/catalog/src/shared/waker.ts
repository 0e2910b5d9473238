/** Waits for a time, and ends early when it is notified or stopped. */
export class Waker {
  #woken = false;
  #stopped = false;
  /** Ends the wait that is under way, if any. */
  #end: (reason: "wake" | "stop") => void = ignore;

  get stopped(): boolean {
    return this.#stopped;
  }

  /** Waits for `wake`, `stop` or the time. A wake that came since the last wait ends it at once. */
  async wait(ms: number): Promise<void> {
    if (!this.#woken && !this.#stopped) await this.#timer(ms, () => true);
    this.#woken = false;
  }

  /** Waits the time; only `stop` ends it early. */
  async pause(ms: number): Promise<void> {
    if (!this.#stopped) await this.#timer(ms, (reason) => reason === "stop");
  }

  wake(): void {
    this.#woken = true;
    this.#end("wake");
  }

  stop(): void {
    this.#stopped = true;
    this.#end("stop");
  }

  #timer(ms: number, endsBy: (reason: "wake" | "stop") => boolean): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timeout = setTimeout(resolve, ms);
    this.#end = (reason) => {
      if (!endsBy(reason)) return;
      clearTimeout(timeout);
      resolve();
    };
    return promise;
  }
}

function ignore(): void {}
