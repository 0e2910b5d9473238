import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { AddressRanges, Metrics } from "@mosis/runtime";
import { networkOf, plainAddress } from "./client-address.ts";

export interface ConnectionLimits {
  /** The limit for all clients together. */
  connectionsMax: number;
  /** The limit for one address, or one /64 of IPv6. */
  connectionsPerAddressMax: number;
  /** Proxies that carry the connections of many clients, so only `connectionsMax` applies to them. */
  trustedProxies: AddressRanges;
}

/** The reason why a connection ended: its address had its share, or all places were taken. */
type Reason = "address" | "total";

interface Meters {
  refused: Count;
  shed: Count;
}

type Count = (reason: Reason) => void;

/**
 * The group of connections that a client's connection belongs to. The connection refers to it, which costs
 * less than a look-up at every request.
 */
interface Place {
  network: string | null;
  /** The time when it connected, or when its last request began, by `performance.now()`. */
  usedAtMs: number;
}

const placeKey = Symbol("place");
type Placed = Socket & { [placeKey]?: Place };

/**
 * A body that takes longer than this to arrive may be cut off for a new client.
 * @limit age of a body on its way that may be cut off for a newcomer
 */
const slowBodyMs = 5000;
/**
 * The share of all places that is freed at once when all are taken. A search for each single place would cost
 * more.
 */
const shedShare = 0.01;
/**
 * The pause after a search that found nothing to close. Otherwise each new connection of a flood would cost a
 * search.
 */
const lookAgainMs = 100;

/**
 * The connections of a server, limited so that nobody can take all of them. Each address has a share. When
 * the share or the whole server is full, a new connection replaces the one that has been without a request
 * for longest, then the one whose body has been arriving for longest. It is refused when all others are being
 * served.
 */
export class Connections {
  readonly #limits: ConnectionLimits;
  readonly #meters: Meters;
  readonly #places = new Map<Socket, Place>();
  readonly #byNetwork = new Map<string, Set<Socket>>();
  #lookAgainAtMs = 0;

  constructor(limits: ConnectionLimits, metrics?: Metrics) {
    this.#limits = limits;
    this.#meters = metersOf(metrics, () => this.#places.size);
  }

  /** Gives a new connection a place, or closes it. */
  admit(socket: Socket): void {
    const { connectionsMax, connectionsPerAddressMax, trustedProxies } = this.#limits;
    const nowMs = performance.now();
    const address = plainAddress(socket.remoteAddress ?? "");
    const network = trustedProxies.has(address) ? null : networkOf(address);
    const neighbours = network === null ? undefined : this.#byNetwork.get(network);
    if (neighbours && neighbours.size >= connectionsPerAddressMax) {
      const first = this.#firstToGo(neighbours, nowMs);
      if (!first) {
        this.#refuse(socket, "address");
        return;
      }
      this.#shed(first, "address");
    }
    if (this.#places.size >= connectionsMax && !this.#makeRoomForAll(nowMs)) {
      this.#refuse(socket, "total");
      return;
    }
    this.#add(socket, { network, usedAtMs: nowMs });
    socket.once("close", () => this.#remove(socket));
  }

  /** Records that a request has begun. */
  touch(socket: Placed): void {
    const place = socket[placeKey];
    if (place) place.usedAtMs = performance.now();
  }

  /**
   * Announces in all answers that have not begun that their connection ends, so that no other request follows
   * on it.
   */
  endBehindAnswers(): void {
    for (const socket of this.#places.keys()) {
      const answer = answerOf(socket);
      if (answer && !answer.headersSent) answer.shouldKeepAlive = false;
    }
  }

  #refuse(socket: Socket, reason: Reason): void {
    this.#meters.refused(reason);
    socket.destroy();
  }

  #makeRoomForAll(nowMs: number): boolean {
    if (nowMs < this.#lookAgainAtMs) return false;
    const count = Math.max(1, Math.floor(this.#limits.connectionsMax * shedShare));
    const candidates: { socket: Socket; rank: number }[] = [];
    for (const socket of this.#places.keys()) {
      const rank = this.#rankOf(socket, nowMs);
      if (rank < Infinity) candidates.push({ socket, rank });
    }
    if (candidates.length === 0) this.#lookAgainAtMs = nowMs + lookAgainMs;
    candidates.sort((a, b) => a.rank - b.rank);
    for (const { socket } of candidates.slice(0, count)) this.#shed(socket, "total");
    return candidates.length > 0;
  }

  /** Returns the connection to close first, or null when all of them are being served. */
  #firstToGo(among: Iterable<Socket>, nowMs: number): Socket | null {
    let first: Socket | null = null;
    let lowest = Infinity;
    for (const socket of among) {
      const rank = this.#rankOf(socket, nowMs);
      if (rank >= lowest) continue;
      first = socket;
      lowest = rank;
    }
    return first;
  }

  #shed(socket: Socket, reason: Reason): void {
    this.#meters.shed(reason);
    this.#remove(socket);
    socket.destroy();
  }

  /**
   * Returns the rank of a connection; the lowest closes first. Connections without a request come first by
   * age, then slow bodies by age.
   */
  #rankOf(socket: Socket, nowMs: number): number {
    const { usedAtMs } = this.#places.get(socket) as Place;
    const answer = answerOf(socket);
    if (!answer) return usedAtMs;
    const isSlow = !answer.req.complete && nowMs - usedAtMs > slowBodyMs;
    return isSlow ? nowMs + usedAtMs : Infinity;
  }

  #add(socket: Placed, place: Place): void {
    socket[placeKey] = place;
    this.#places.set(socket, place);
    if (place.network === null) return;
    const neighbours = this.#byNetwork.get(place.network);
    if (neighbours) neighbours.add(socket);
    else this.#byNetwork.set(place.network, new Set([socket]));
  }

  #remove(socket: Socket): void {
    const network = this.#places.get(socket)?.network;
    this.#places.delete(socket);
    if (network === undefined || network === null) return;
    const neighbours = this.#byNetwork.get(network);
    neighbours?.delete(socket);
    if (neighbours?.size === 0) this.#byNetwork.delete(network);
  }
}

function metersOf(metrics: Metrics | undefined, count: () => number): Meters {
  if (!metrics) return { refused() {}, shed() {} };
  metrics.level("http_connections", "Connections of clients.", count);
  const refused = metrics.counter(
    "http_connections_refused_total",
    "New connections that found no place: their address had its share, or all were taken.",
    ["reason"],
  );
  const shed = metrics.counter(
    "http_connections_shed_total",
    "Connections that were closed, idle or with a slow body, because a newcomer needed the place.",
    ["reason"],
  );
  return { refused: (reason) => refused.inc({ reason }), shed: (reason) => shed.inc({ reason }) };
}

/**
 * Returns the answer under way on a connection. Node keeps it there without documenting it; tests would
 * notice a change.
 */
export function answerOf(socket: Socket): AnswerUnderWay | null {
  // oxlint-disable-next-line no-underscore-dangle -- Node's name.
  return (socket as Socket & { _httpMessage?: AnswerUnderWay | null })._httpMessage ?? null;
}

type AnswerUnderWay = ServerResponse & { req: IncomingMessage };
