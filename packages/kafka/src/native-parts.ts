// Replaces three parts of kafkajs 2.2.4 through the module cache, before any other part of it is loaded.
// docs/decisions/0006-kafkajs-with-native-parts.md has the reasons and the figures.
import { createRequire } from "node:module";
import { crc32c } from "@node-rs/crc32";
import type * as KafkaJs from "kafkajs";

const require = createRequire(import.meta.url);

/** The version whose internals are known: another version may have moved the replaced parts. */
const knownVersion = "2.2.4";

interface Encoder {
  buf: Buffer;
  offset: number;
}

interface RequestQueue {
  throttleCheckTimeoutId: NodeJS.Timeout | null;
  throttledUntil: number;
  pending: unknown[];
  checkPendingRequests(): void;
}

/**
 * Returns kafkajs with the parts replaced.
 * @throws Error when the installed kafkajs is not the known version.
 */
export function loadKafkaJs(): typeof KafkaJs {
  const { version } = require("kafkajs/package.json") as { version: string };
  if (version !== knownVersion) {
    throw new Error(
      `kafkajs ${version} is installed, its replaced parts are known for ${knownVersion} only.`,
    );
  }
  replaceChecksum();
  replaceGrowth();
  replaceIdleTimer();
  return require("kafkajs") as typeof KafkaJs;
}

/**
 * Replaces the checksum of a record batch. kafkajs computes it in JavaScript, which is most of what a large
 * block costs to send.
 */
function replaceChecksum(): void {
  const path = require.resolve("kafkajs/src/protocol/recordBatch/crc32C/index.js");
  const original = require(path) as (bytes: Buffer) => number;
  const probe = Buffer.from("123456789");
  // RFC 3720 appendix B.4 has the same check value.
  if (original(probe) !== 0xe3069283 || crc32c(probe) !== 0xe3069283) {
    throw new Error("The CRC-32C of kafkajs and its replacement disagree.");
  }
  const cached = require.cache[path];
  if (cached) cached.exports = (bytes: Buffer) => crc32c(bytes) >>> 0;
}

/**
 * Replaces how a buffer grows. A block is copied into a larger buffer at each of the five layers of a
 * request. Zeroing those buffers first costs as much as the copies, and only bytes that were written are ever
 * sent.
 */
function replaceGrowth(): void {
  const encoder = require("kafkajs/src/protocol/encoder.js") as { prototype: object };
  Object.assign(encoder.prototype, {
    ensureAvailable(this: Encoder, length: number): void {
      const needed = this.offset + length;
      if (needed <= this.buf.length) return;
      // Rounding large sizes up to a power of two would waste almost half; small ones grow often.
      const grown = Buffer.allocUnsafeSlow(needed > 65_536 ? needed + 4096 : needed * 2);
      this.buf.copy(grown, 0, 0, this.offset);
      this.buf = grown;
    },
  });
}

/**
 * Replaces a timer. kafkajs sets one after every response, with a negative delay when the broker does not
 * throttle: a useless timer for each request, and a warning of Node. It is needed only while requests wait.
 */
function replaceIdleTimer(): void {
  const queue = require("kafkajs/src/network/requestQueue/index.js") as { prototype: object };
  const recheckMs = 10;
  Object.assign(queue.prototype, {
    scheduleCheckPendingRequests(this: RequestQueue): void {
      if (this.pending.length === 0 || this.throttleCheckTimeoutId) return;
      const throttledMs = this.throttledUntil - Date.now();
      const check = () => {
        this.throttleCheckTimeoutId = null;
        this.checkPendingRequests();
      };
      this.throttleCheckTimeoutId = setTimeout(check, throttledMs > 0 ? throttledMs : recheckMs);
    },
  });
}
