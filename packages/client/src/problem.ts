import type { ProblemBody, ProblemDetail } from "@mosis/types/problems";
import { retryAfterMs } from "./backoff.ts";

/**
 * An error answer of the platform (RFC 9457). Match on `code`, which is stable; `message` is for people.
 * `code` is `unexpected_answer` when the answer is not from the platform, for example a proxy's HTML page.
 */
export class MosisProblem extends Error {
  readonly status: number;
  readonly code: string;
  /** The server's id of this request; quote it in a report. Empty when the answer had none. */
  readonly requestId: string;
  readonly errors: readonly ProblemDetail[];
  /** Milliseconds that the server asks to wait before another attempt; 0 when it does not say. */
  readonly retryAfterMs: number;

  constructor(status: number, body: Partial<ProblemBody>, headers: Headers) {
    const details = (body.errors ?? []).map((error) => `${error.pointer || "/"}: ${error.message}`);
    const reason = [body.detail ?? body.title ?? `The server answered ${status}.`, ...details].join(" ");
    super(reason);
    this.name = "MosisProblem";
    this.status = status;
    this.code = body.code ?? "unexpected_answer";
    this.requestId = body.request_id ?? headers.get("x-request-id") ?? "";
    this.errors = body.errors ?? [];
    this.retryAfterMs = retryAfterMs(headers);
  }
}

/** Reads an error answer to its end, whatever it contains. */
export async function problemOf(response: Response): Promise<MosisProblem> {
  const text = await response.text();
  return new MosisProblem(response.status, problemBody(text), response.headers);
}

function problemBody(text: string): Partial<ProblemBody> {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === "object" && body !== null ? body : {};
  } catch {
    // The body is not JSON of the platform: MosisProblem then says `unexpected_answer`.
    return {};
  }
}
