import { copyFileSync, existsSync, statSync, truncateSync } from "node:fs";

/**
 * The size at which a log is rotated; the last one is kept beside it, as `.1`.
 * @limit a log of `npm start`, of a server or a service; one more is kept beside it
 */
const logBytesMax = 64 * 1_048_576;
const lookIntervalMs = 60_000;

/**
 * Copies a log that has grown large and empties it. Its writers append, so the next line is at its beginning;
 * a line that is written in between may be lost.
 */
export function rotateLog(file: string, bytesMax = logBytesMax): void {
  if (!existsSync(file) || statSync(file).size <= bytesMax) return;
  copyFileSync(file, `${file}.1`);
  truncateSync(file);
}

/** Rotates a log for as long as this process lives. */
export function keepRotating(file: string): void {
  setInterval(() => rotateLog(file), lookIntervalMs).unref();
}
