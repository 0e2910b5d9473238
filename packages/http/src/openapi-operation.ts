import type { ProblemCode } from "@mosis/types/problems";
import type { TSchema } from "typebox";

type Method = "get" | "post" | "put" | "patch" | "delete";

/** One operation as a client sees it. */
export interface Operation {
  method: Method;
  /** With parameters in braces: `/v1/apps/{package_id}`. */
  path: string;
  /** Name in generated clients, camelCase. */
  id: string;
  summary: string;
  /** What the summary has no room for. */
  description?: string;
  /**
   * Who may call it: anybody, a session or any management key, a session alone, that of a reviewer or an
   * admin, or a key with that permission (or one of those, `telemetry:write or telemetry:read`).
   */
  access: "public" | "developer" | "session" | "reviewer" | (string & {});
  params?: Record<string, TSchema>;
  query?: TSchema;
  /** Header fields of the request that mean something here, with what they mean. */
  requestHeaders?: Record<string, string>;
  body?: TSchema;
  /** Successful answers by status. */
  answers: Record<number, { description: string; body?: TSchema; headers?: Record<string, string> }>;
  /** Codes beyond those that every operation of its kind may answer. */
  problems?: ProblemCode[];
}

/** What holds for every operation of a service. */
export interface ApiConventions {
  /** Every request is counted, and every answer has the fields RateLimit-Policy and RateLimit. */
  rateLimits?: boolean;
  /** Paths that a role reaches without a second factor: it needs one for all others. Unset: for none. */
  noSecondFactorFor?: RegExp;
  /** Every POST that needs credentials takes Idempotency-Key. */
  idempotencyKeys?: boolean;
}

/** What the parts of a description need of the whole. */
export interface Context {
  conventions: ApiConventions;
  refer: (schema: unknown) => unknown;
  exampleOf: (schema: TSchema, name: string) => unknown;
}

/** Whether a POST is done once for each Idempotency-Key. */
export function takesIdempotencyKey({ method, access }: Operation, { idempotencyKeys }: ApiConventions) {
  return idempotencyKeys === true && method === "post" && access !== "public";
}
