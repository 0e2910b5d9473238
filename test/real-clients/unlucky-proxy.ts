import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { TestContext } from "node:test";
import { listenLocally } from "./listen-locally.ts";

/** A request as it came, and the answer that its client got. */
export interface Passed {
  method: string;
  path: string;
  headers: IncomingMessage["headers"];
  /** `lost` means that the request was carried out, but its answer did not arrive. */
  got: number | "lost";
}

/** The results of the requests with a body to a path, in their order; later ones are let through. */
const mishaps = [503, 429, "lost"] as const;

/**
 * Starts a proxy that fails the first requests of each path: it refuses two, as ingest refuses, then loses an
 * answer.
 */
export async function startUnluckyProxy(t: TestContext, target: string) {
  const passed: Passed[] = [];
  const tries = new Map<string, number>();
  const server = createServer((req, res) => {
    const { method = "", url: path = "", headers } = req;
    const attempt = tries.get(path) ?? 0;
    if (method === "POST") tries.set(path, attempt + 1);
    const mishap = method === "POST" ? mishaps[attempt] : undefined;
    const note = (got: Passed["got"]) => void passed.push({ method, path, headers, got });
    if (typeof mishap === "number") refuse(req, res, mishap, note);
    else forward(req, res, { target, isLost: mishap === "lost", note });
  });
  return { url: await listenLocally(t, server), passed };
}

function refuse(req: IncomingMessage, res: ServerResponse, status: number, note: (got: number) => void) {
  req.resume().once("end", () => {
    note(status);
    res.setHeader("Access-Control-Allow-Origin", req.headers.origin ?? "*");
    res.setHeader("Access-Control-Expose-Headers", "Location, Retry-After, X-Request-Id");
    res.setHeader("Retry-After", "1");
    res.writeHead(status).end();
  });
}

function forward(
  req: IncomingMessage,
  res: ServerResponse,
  { target, isLost, note }: { target: string; isLost: boolean; note: (got: Passed["got"]) => void },
): void {
  const { method, headers, url = "" } = req;
  const onward = request(new URL(url, target), { method: method ?? "GET", headers }, (answer) => {
    const { statusCode = 0 } = answer;
    note(isLost ? "lost" : statusCode);
    if (isLost) {
      answer.resume().once("end", () => void res.destroy());
    } else {
      res.writeHead(statusCode, answer.headers);
      answer.pipe(res);
    }
  });
  onward.once("error", (error) => void res.destroy(error));
  req.pipe(onward);
}
