import { type IncomingMessage, request as requestHttp, type RequestOptions } from "node:http";
import { request as requestHttps } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import type { DeliveryError } from "@mosis/types/webhooks";
import type { JudgeAddress } from "../subscriptions/address.ts";
import { hostnameOf, portOf } from "../subscriptions/url.ts";
import { retryAfterMs } from "./backoff.ts";
import type { Resolve } from "./resolve.ts";

export interface AttemptDeps {
  resolve: Resolve;
  judge: JudgeAddress;
  /** The limit of the whole attempt. */
  timeoutMs: number;
  /** Authorities (PEM) that are trusted beside the system's. For tests. */
  ca?: string;
}

export interface Outcome {
  /** The status of the answer; null when there was none. */
  responseStatus: number | null;
  /** The reason of a failure; null when the answer was 2xx. */
  error: DeliveryError | null;
  retryAfterMs: number | null;
  durationMs: number;
}

/** The number of bytes of an answer that are read. Nobody uses them, so they must not cost us more. */
const responseBytesMax = 16_384;

/**
 * Sends one request, and never to a place that only our network can reach. The name is therefore resolved
 * once, every address of it is judged, and the connection goes to one of these addresses, whatever the name
 * resolves to later. A redirect counts as an answer that is not 2xx. Never throws.
 */
export async function attempt(
  target: { url: string; headers: Record<string, string>; body: string },
  deps: AttemptDeps,
): Promise<Outcome> {
  const startedAt = performance.now();
  const signal = AbortSignal.timeout(deps.timeoutMs);
  try {
    const addresses = await judgedAddresses(new URL(target.url), deps, signal);
    const { status, retryAfter } = await post(target, { addresses, signal, ca: deps.ca });
    return {
      responseStatus: status,
      error: status >= 200 && status < 300 ? null : "response_not_2xx",
      retryAfterMs: retryAfterMs(retryAfter, Date.now()),
      durationMs: since(startedAt),
    };
  } catch (error) {
    const failure = { responseStatus: null, retryAfterMs: null, durationMs: since(startedAt) };
    return { ...failure, error: signal.aborted ? "timed_out" : reasonOf(error) };
  }
}

class Refused extends Error {
  readonly reason: DeliveryError;

  constructor(reason: DeliveryError) {
    super(reason);
    this.reason = reason;
  }
}

async function judgedAddresses(
  url: URL,
  { resolve, judge }: AttemptDeps,
  signal: AbortSignal,
): Promise<string[]> {
  const hostname = hostnameOf(url);
  const addresses = await beforeAbort(resolve(hostname), signal).catch((error: unknown) => {
    throw signal.aborted ? error : new Refused("name_not_resolved");
  });
  const port = portOf(url);
  const kinds = addresses.map((address) => judge(address, port));
  // One blocked address is enough to refuse: the connection picks one of them by chance.
  if (kinds.length === 0 || kinds.includes("blocked")) throw new Refused("address_blocked");
  if (url.protocol !== "https:" && kinds.includes("public")) throw new Refused("https_required");
  return addresses;
}

interface PostOptions {
  addresses: string[];
  signal: AbortSignal;
  ca: string | undefined;
}

interface Answer {
  status: number;
  retryAfter: string | undefined;
}

function post(
  { url, headers, body }: { url: string; headers: Record<string, string>; body: string },
  { addresses, signal, ca }: PostOptions,
): Promise<Answer> {
  const options: RequestOptions & { ca?: string } = {
    method: "POST",
    headers: { ...headers, "Content-Length": String(Buffer.byteLength(body)) },
    // The connection is not shared, so that none to an earlier address is used again.
    agent: false,
    lookup: lookupOf(addresses),
    signal,
    maxHeaderSize: responseBytesMax,
    ...(ca === undefined ? {} : { ca }),
  };
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  // This is the last event when there was no answer, or an answer without an end.
  const closed = () => reject(new Error("The connection was closed."));
  const onResponse = (response: IncomingMessage) => {
    // The event that the connection is gone may arrive before the end of the answer that came over it.
    sent.off("close", closed);
    response.once("close", closed);
    const answer = answerOf(response);
    let bytes = 0;
    response.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= responseBytesMax) return;
      resolve(answer);
      response.destroy();
    });
    response.once("end", () => resolve(answer));
    response.once("error", reject);
  };
  const send = url.startsWith("https:") ? requestHttps : requestHttp;
  const sent = send(url, options, onResponse);
  // 101 counts as any other answer: we do not speak the protocol that the receiver switches to.
  sent.once("upgrade", (response, socket) => {
    socket.destroy();
    resolve(answerOf(response));
  });
  sent.once("error", reject);
  sent.once("close", closed);
  sent.end(body);
  return beforeAbort(promise, signal);
}

function answerOf({ statusCode = 0, headers }: IncomingMessage): Answer {
  return { status: statusCode, retryAfter: headers["retry-after"] };
}

/** Returns a look-up that resolves only to the addresses that were judged. */
function lookupOf(addresses: string[]): LookupFunction {
  const found = addresses.map((address) => ({ address, family: isIP(address) }));
  return (_hostname, { all }, answer) => {
    if (all === true) answer(null, found);
    else answer(null, found[0]?.address ?? "", found[0]?.family ?? 0);
  };
}

function reasonOf(error: unknown): DeliveryError {
  if (error instanceof Refused) return error.reason;
  const { code = "" } = error as NodeJS.ErrnoException;
  return /CERT|TLS|SSL|EPROTO|UNABLE_TO|ISSUER/.test(code) ? "tls_failed" : "connection_failed";
}

function beforeAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = new Promise<never>((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
  });
  return Promise.race([work, aborted]);
}

function since(startedAt: number): number {
  return Math.round(performance.now() - startedAt);
}
