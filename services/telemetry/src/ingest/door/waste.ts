import { type ClientAddress, createClientNetwork, problem, type RateLimits, WorkBudget } from "@mosis/http";
import type { IncomingMessage } from "node:http";
import type { Grant } from "../../access/access-table.ts";

export interface WasteLimits {
  /** Milliseconds of CPU a second that an address may cost with requests of which nothing is kept. */
  addressMsPerSecond: number;
  /** Milliseconds of CPU a second for a key, from all addresses together. */
  keyMsPerSecond: number;
}

export const wasteDefaults: WasteLimits = { addressMsPerSecond: 100, keyMsPerSecond: 300 };

/** After a pause, clients without a good key and senders may use so many seconds' worth at once. */
const strangerBurstSeconds = 5;
const senderBurstSeconds = 20;
/** The detail for an address or key whose refused requests have cost too much. */
export const wasteDetail =
  "Too many requests of your address or key had to be refused. Send again after Retry-After, " +
  "and do not repeat the refused ones.";

/**
 * The charge for a request without a good key is so much higher than its cost, because nobody needs many of
 * them.
 */
const strangerMs = 1;
/**
 * The charge for a byte of a body in chunks that was refused. A chunk may be a single byte, which takes six
 * on the wire, and Node has read up to 64 KiB of them when a request is looked at.
 */
const chunkedMsPerByte = 0.0003;
/** A refused request may cost this much, as much as a good one: quotas count those that are cheap. */
const requestMs = 0.5;
/** A good event may cost this much: five to twenty times what it does. */
const keptEventMs = 0.1;

function budget(msPerSecond: number, burstSeconds: number): WorkBudget {
  return new WorkBudget({ msPerSecond, burstMs: msPerSecond * burstSeconds });
}

/**
 * Counts the CPU time of requests of which nothing is kept, by address and by key. Events that are kept cost
 * nothing here, because quotas count them.
 */
export class Waste {
  readonly networkOf: (req: IncomingMessage) => string;
  readonly #strangers: WorkBudget;
  readonly #senders: WorkBudget;
  readonly #keys: WorkBudget;

  constructor({ addressMsPerSecond, keyMsPerSecond }: WasteLimits, clientAddress: ClientAddress) {
    this.networkOf = createClientNetwork(clientAddress);
    this.#strangers = budget(addressMsPerSecond, strangerBurstSeconds);
    this.#senders = budget(addressMsPerSecond, senderBurstSeconds);
    this.#keys = budget(keyMsPerSecond, senderBurstSeconds);
  }

  /**
   * Returns the seconds that an address has to wait before another request without a good key; 0 when it may
   * send.
   */
  strangerWaits(network: string, nowMs: number): number {
    return this.#strangers.secondsToWait(network, nowMs);
  }

  /**
   * Returns the seconds that an address has to wait before another request with a good key. While the key
   * itself has cost too much, only addresses wait that have contributed to it.
   */
  senderWaits(network: string, { keyId }: Grant, nowMs: number): number {
    const own = this.#senders.secondsToWait(network, nowMs);
    if (own > 0 || !this.#senders.isCharged(network, nowMs)) return own;
    return this.#keys.secondsToWait(keyId, nowMs);
  }

  /**
   * Returns the limits for routes of Express. Good keys are not counted, because millions of installs share
   * one.
   */
  limits(): Pick<RateLimits, "admit" | "admitAnyone"> {
    return {
      admit() {},
      admitAnyone: (req) => {
        const nowMs = Date.now();
        const seconds = this.strangerWaits(this.networkOf(req), nowMs);
        this.chargeStranger(req, 0, nowMs);
        if (seconds === 0) return;
        throw problem("rate_limited", wasteDetail, { headers: { "Retry-After": String(seconds) } });
      },
    };
  }

  isCutOff(network: string, nowMs: number): boolean {
    return this.#strangers.isCutOff(network, nowMs);
  }

  chargeStranger(req: IncomingMessage, ms: number, nowMs: number): void {
    const isChunked = req.headers["transfer-encoding"] !== undefined;
    // The bytes of the request and of what its connection has sent before, which is little.
    const chunksMs = isChunked ? chunkedMsPerByte * Math.min(req.socket.bytesRead, 131_072) : 0;
    this.#strangers.charge(this.networkOf(req), strangerMs + ms + chunksMs, nowMs);
  }

  /**
   * Charges a sender for its request.
   * @param keptEvents events of the request that were stored, or dropped as their developer wishes.
   */
  chargeSender(network: string, { keyId }: Grant, work: { ms: number; keptEvents: number }): void {
    const wastedMs = work.ms - requestMs - work.keptEvents * keptEventMs;
    if (wastedMs <= 0) return;
    const nowMs = Date.now();
    this.#senders.charge(network, wastedMs, nowMs);
    this.#keys.charge(keyId, wastedMs, nowMs);
  }
}
