import type { IncomingMessage, ServerResponse } from "node:http";
import { batchHeaders } from "@mosis/types/telemetry";

/** Pages of other origins that may send from a browser and read the answers (Fetch Standard, CORS). */
export interface Origins {
  /** Before anything is answered. */
  allow: (req: IncomingMessage, res: ServerResponse) => void;
  /** Answers the question that a browser asks first. */
  preflight: (req: IncomingMessage, res: ServerResponse) => void;
}

/** @param list origins as browsers send them; `*` for all. Null when nobody is named. */
export function createOrigins(list: readonly string[]): Origins | null {
  if (list.length === 0) return null;
  const isOpen = list.includes("*");
  const known = new Set(list);
  const allow = ({ headers: { origin } }: IncomingMessage, res: ServerResponse): boolean => {
    if (origin === undefined) return false;
    if (!isOpen) res.setHeader("Vary", "Origin");
    if (!isOpen && !known.has(origin)) return false;
    res.setHeader("Access-Control-Allow-Origin", isOpen ? "*" : origin);
    return true;
  };
  return {
    allow(req, res) {
      if (allow(req, res)) res.setHeader("Access-Control-Expose-Headers", exposed);
    },
    preflight(req, res) {
      if (allow(req, res)) {
        res.setHeader("Access-Control-Allow-Methods", "POST");
        res.setHeader("Access-Control-Allow-Headers", taken);
        res.setHeader("Access-Control-Max-Age", "7200");
      }
      res.writeHead(204).end();
    },
  };
}

const exposed = "Location, Retry-After, X-Request-Id";
const taken = [
  "Authorization",
  "Content-Type",
  "Content-Encoding",
  "X-Request-Id",
  ...Object.values(batchHeaders),
].join(", ");
