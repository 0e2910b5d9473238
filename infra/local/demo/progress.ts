/**
 * Shows the progress of a long job: one line that redraws itself on a terminal, a plain line now and then
 * elsewhere.
 */
export class Progress {
  readonly #label: string;
  readonly #total: number;
  readonly #startedAt = performance.now();
  #done = 0;
  #drawnAt = 0;

  constructor(label: string, total: number) {
    this.#label = label;
    this.#total = total;
  }

  add(count: number): void {
    this.#done += count;
    const everyMs = process.stdout.isTTY ? 100 : 2_000;
    if (performance.now() - this.#drawnAt >= everyMs) this.#draw(process.stdout.isTTY ? "" : "\n");
  }

  end(): void {
    this.#draw("\n");
  }

  #draw(end: string): void {
    this.#drawnAt = performance.now();
    const seconds = (this.#drawnAt - this.#startedAt) / 1000;
    const share = Math.min(1, this.#done / this.#total);
    const bar = "#".repeat(Math.round(share * 30)).padEnd(30, ".");
    const rate = Math.round(this.#done / Math.max(seconds, 0.001)).toLocaleString("en");
    const line = `${this.#label} [${bar}] ${String(Math.floor(share * 100)).padStart(3)} %  `;
    const counts = `${this.#done.toLocaleString("en")} events, ${rate}/s, ${seconds.toFixed(0)} s`;
    process.stdout.write(process.stdout.isTTY ? `\r\x1b[K${line}${counts}${end}` : `${line}${counts}\n`);
  }
}
