import type { ProblemCode } from "@mosis/types/problems";
import type { TSchema } from "typebox";

type Method = "get" | "post" | "put" | "patch" | "delete";

/** One operation as a client sees it. */
export interface Operation {
  method: Method;
  /** The path with parameters in braces: `/v1/apps/{package_id}`. */
  path: string;
  /** Name in generated clients, camelCase. */
  id: string;
  summary: string;
  /** Text that the summary has no room for. */
  description?: string;
  /**
   * The credentials that it needs: none, a session or any management key, only a session, a session of a
   * reviewer or an admin, or a key with that permission (or one of those, `telemetry:write or
   * telemetry:read`).
   */
  access: "public" | "developer" | "session" | "reviewer" | (string & {});
  params?: Record<string, TSchema>;
  query?: TSchema;
  /** Header fields of the request that have a meaning here → their description. */
  requestHeaders?: Record<string, string>;
  body?: TSchema;
  /** Successful answers by status. */
  answers: Record<number, { description: string; body?: TSchema; headers?: Record<string, string> }>;
  /** Problem codes beyond those that every operation of its kind may answer. */
  problems?: ProblemCode[];
}

/** Conventions that apply to every operation of a service. */
export interface ApiConventions {
  /** True when every request is counted, and every answer has the fields RateLimit-Policy and RateLimit. */
  rateLimits?: boolean;
  /**
   * Paths that a role may use without a second factor, which it needs for all others. Unset when no role
   * needs one.
   */
  noSecondFactorFor?: RegExp;
  /** True when every POST that needs credentials accepts Idempotency-Key. */
  idempotencyKeys?: boolean;
}

/** The parts of the whole document that describing an operation needs. */
export interface Context {
  conventions: ApiConventions;
  refer: (schema: unknown) => unknown;
  exampleOf: (schema: TSchema, name: string) => unknown;
}

/** Returns true when a POST is done once for each Idempotency-Key. */
export function takesIdempotencyKey({ method, access }: Operation, { idempotencyKeys }: ApiConventions) {
  return idempotencyKeys === true && method === "post" && access !== "public";
}
