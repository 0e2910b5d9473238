import type { IncomingMessage, ServerResponse } from "node:http";

/**
 * Pages of other origins that may send requests from a browser and read the answers (Fetch Standard, CORS).
 */
export interface Origins {
  /** Sets the CORS headers; called before anything is answered. */
  allow: (req: IncomingMessage, res: ServerResponse) => void;
  /** Answers the preflight request that a browser sends first. */
  preflight: (req: IncomingMessage, res: ServerResponse) => void;
}

interface Allowed {
  methods: readonly string[];
  /**
   * Header fields that a page may send, beside those that are always allowed. `any` allows all that it asks
   * for.
   */
  sent: readonly string[] | "any";
  /** Header fields of an answer that a page may read. */
  read: readonly string[];
}

/**
 * @param list Origins as browsers send them; `*` for all.
 * @returns null when the list is empty.
 */
export function createOrigins(list: readonly string[], { methods, sent, read }: Allowed): Origins | null {
  if (list.length === 0) return null;
  const isOpen = list.includes("*");
  const known = new Set(list);
  const exposed = read.join(", ");
  const allow = ({ headers: { origin } }: IncomingMessage, res: ServerResponse): boolean => {
    // Also without an Origin: a cache in between must not give this answer to a page that may read it.
    if (!isOpen) res.setHeader("Vary", "Origin");
    if (origin === undefined || (!isOpen && !known.has(origin))) return false;
    res.setHeader("Access-Control-Allow-Origin", isOpen ? "*" : origin);
    return true;
  };
  return {
    allow(req, res) {
      if (allow(req, res)) res.setHeader("Access-Control-Expose-Headers", exposed);
    },
    preflight(req, res) {
      if (allow(req, res)) {
        res.setHeader("Access-Control-Allow-Methods", methods.join(", "));
        res.setHeader("Access-Control-Allow-Headers", sent === "any" ? askedBy(req) : sent.join(", "));
        res.setHeader("Access-Control-Max-Age", "7200");
      }
      res.writeHead(204).end();
    },
  };
}

/** The greatest length of all names that a page asks for; SDKs ask for some 150 characters. */
const askedCharactersMax = 2048;

/**
 * Returns the names that a page asks for, or an empty string when they are malformed (RFC 9110 §5.6.2) or too
 * many.
 */
function askedBy({ headers }: IncomingMessage): string {
  const asked = headers["access-control-request-headers"] ?? "";
  return asked.length <= askedCharactersMax && /^[\w!#$%&'*+.^`|~, -]*$/.test(asked) ? asked : "";
}
