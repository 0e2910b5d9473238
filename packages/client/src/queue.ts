import type { TrackOptions } from "./telemetry-options.ts";
import { newUuid } from "./uuid.ts";

/**
 * An event as it will be sent: its JSON, made when it was tracked, so that later changes of the caller's
 * objects do not matter.
 */
export interface QueuedEvent {
  json: string;
  /** The bytes of `json` in UTF-8. */
  bytes: number;
  /** The time when it was tracked, milliseconds since 1970. */
  at: number;
  /** The number of times that the server has asked to send it again. */
  retries: number;
}

/**
 * A first-in, first-out queue, bounded by events and bytes. The oldest events make room, because the newest
 * say most about now.
 */
export class EventQueue {
  readonly #eventsMax: number;
  readonly #bytesMax: number;
  #events: QueuedEvent[] = [];
  #bytes = 0;

  constructor({ eventsMax, bytesMax }: { eventsMax: number; bytesMax: number }) {
    this.#eventsMax = eventsMax;
    this.#bytesMax = bytesMax;
  }

  get length(): number {
    return this.#events.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The time when the oldest event was tracked; undefined when the queue is empty. */
  get oldestAt(): number | undefined {
    return this.#events[0]?.at;
  }

  /** Appends an event. Returns the number of oldest events that were dropped for it. */
  push(event: QueuedEvent): number {
    this.#events.push(event);
    this.#bytes += event.bytes;
    return this.#makeRoom();
  }

  /** Puts events back in front of all others. Returns the number of oldest events that were dropped. */
  putBack(events: readonly QueuedEvent[]): number {
    this.#events = [...events, ...this.#events];
    for (const event of events) this.#bytes += event.bytes;
    return this.#makeRoom();
  }

  /** Removes and returns the oldest events, at least one and as many as fit into both limits. */
  take({ eventsMax, bytesMax }: { eventsMax: number; bytesMax: number }): QueuedEvent[] {
    let count = 0;
    let bytes = 0;
    for (const event of this.#events) {
      if (count === eventsMax || (count > 0 && bytes + event.bytes > bytesMax)) break;
      count++;
      bytes += event.bytes;
    }
    this.#bytes -= bytes;
    return this.#events.splice(0, count);
  }

  #makeRoom(): number {
    let dropped = 0;
    let bytes = this.#bytes;
    while (this.#events.length - dropped > this.#eventsMax || bytes > this.#bytesMax) {
      bytes -= (this.#events[dropped] as QueuedEvent).bytes;
      dropped++;
    }
    if (dropped > 0) this.#events.splice(0, dropped);
    this.#bytes = bytes;
    return dropped;
  }
}

/** The same fields, each of which may also be undefined. */
type Loose<T> = { [Name in keyof T]: T[Name] | undefined };

const utf8 = new TextEncoder();

/**
 * Returns the event as it will be sent, with a new event id; null when JSON cannot express it (a BigInt, a
 * cycle, a bad date).
 */
export function encodeEvent(name: string, options: Loose<TrackOptions>): QueuedEvent | null {
  const { kind, time, sessionId, durationMs, properties } = options;
  const at = Date.now();
  try {
    const json = JSON.stringify({
      event_id: newUuid(at),
      name,
      kind,
      time: time === undefined ? at : Number(time),
      session_id: sessionId,
      duration_ms: durationMs,
      properties,
    });
    return { json, bytes: utf8.encode(json).length, at, retries: 0 };
  } catch {
    // The caller's app must not fail because of its telemetry; the loss is counted and reported to the
    // server.
    return null;
  }
}
