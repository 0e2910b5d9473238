import { managingPermissions } from "@mosis/types/keys";
import { type ProblemCode, ProblemBody, problems } from "@mosis/types/problems";
import { type Context, type Operation, takesIdempotencyKey } from "./openapi-operation.ts";

interface HeaderObject {
  description: string;
  /** True when every answer of that status has it. */
  required: boolean;
  schema: object;
}

type Headers = Record<string, HeaderObject>;

export function successesOf(operation: Operation, { conventions, refer, exampleOf }: Context): object {
  const replayed = takesIdempotencyKey(operation, conventions)
    ? {
        "Idempotency-Replayed": text("`true`: this is the answer of the first request with this key.", false),
      }
    : {};
  const entries = Object.entries(operation.answers).map(([status, { description, body, headers = {} }]) => [
    status,
    {
      description,
      headers: {
        ...always,
        ...rateFields(conventions.rateLimits === true, true),
        ...replayed,
        ...(isPage(body) ? { Link: text('The next page, `rel="next"`, when there is one.', false) } : {}),
        ...Object.fromEntries(Object.entries(headers).map(([name, about]) => [name, text(about)])),
      },
      ...(body
        ? { content: { "application/json": { schema: refer(body), example: exampleOf(body, "") } } }
        : {}),
    },
  ]);
  return Object.fromEntries(entries) as object;
}

export function failuresOf(operation: Operation, { conventions, refer }: Context): object {
  const byStatus = Map.groupBy(codesOf(operation, conventions), (code) => problems[code][0]);
  const entries = [...byStatus]
    .toSorted(([a], [b]) => a - b)
    .map(([status, codes]) => [
      status,
      {
        description: codes.map((code) => `\`${code}\`: ${problems[code][1]}`).join("; "),
        headers: {
          ...always,
          ...rateFields(conventions.rateLimits === true, !unlimited.has(status)),
          ...fieldsOfStatus[status],
        },
        content: {
          "application/problem+json": {
            schema: refer(ProblemBody),
            examples: Object.fromEntries(
              codes.map((code) => [code, { $ref: `#/components/examples/${code}` }]),
            ),
          },
        },
      },
    ]);
  return Object.fromEntries(entries) as object;
}

function codesOf(operation: Operation, conventions: Context["conventions"]): Set<ProblemCode> {
  const codes = new Set<ProblemCode>(operation.problems);
  const add = (...more: ProblemCode[]) => more.forEach((code) => codes.add(code));
  if (operation.access !== "public") {
    add(
      "credentials_missing",
      "credentials_invalid",
      "permission_missing",
      "address_not_allowed",
      "key_quarantined",
    );
  }
  const { noSecondFactorFor } = conventions;
  if (noSecondFactorFor && operation.access !== "public" && !noSecondFactorFor.test(operation.path)) {
    add("second_factor_required");
  }
  if (managingPermissions.some((permission) => permission === operation.access)) add("secret_rotated_out");
  // A path is refused when it is not valid percent-encoding.
  if (operation.query || operation.params) add("invalid_request");
  if (operation.body) add(...bodyProblems);
  if (takesIdempotencyKey(operation, conventions)) {
    add("invalid_request", "request_in_flight", "idempotency_key_reused");
  }
  if (conventions.rateLimits === true) add("rate_limited");
  add("internal_error", "unavailable");
  return codes;
}

const bodyProblems: ProblemCode[] = [
  "malformed_json",
  "malformed_body",
  "invalid_request",
  "request_timeout",
  "body_too_large",
  "content_type_unsupported",
  "content_encoding_unsupported",
];

/** Returns one problem of each code, for `components.examples`. */
export function problemExamples(): object {
  const entries = Object.entries(problems).map(([code, [status, title]]) => {
    const value: ProblemBody = {
      type: `https://mosis.dev/problems/${code}`,
      title,
      status,
      detail: `${title}. This sentence says what to do about it.`,
      instance: "/v1/apps",
      code,
      request_id: "0199c0de-7a1b-7c3d-8e4f-5a6b7c8d9e0f",
    };
    return [code, { summary: title, value }];
  });
  return Object.fromEntries(entries) as object;
}

function text(description: string, required = true): HeaderObject {
  return { description, required, schema: { type: "string" } };
}

const always: Headers = { "X-Request-Id": text("Id of the request.") };

/**
 * Statuses that may come before a request is counted: its path cannot be read, or the store that identifies
 * its sender is away.
 */
const unlimited = new Set([400, 408, 500, 503]);

function rateFields(isLimited: boolean, required: boolean): Headers {
  if (!isLimited) return {};
  return {
    "RateLimit-Policy": text(
      "The policy for the request: `q` requests at once, which take `w` seconds to be available again.",
      required,
    ),
    RateLimit: text(
      "The rest of the policy: `r` requests; all are available again in `t` seconds.",
      required,
    ),
  };
}

const retryAfter = "Seconds to wait before sending the request again.";

const fieldsOfStatus: Readonly<Record<number, Headers>> = {
  401: { "WWW-Authenticate": text("`Bearer`, with the error of RFC 6750.") },
  409: {
    "Retry-After": text("Seconds until the first request is answered; sent with `request_in_flight`.", false),
  },
  415: {
    Accept: text("The accepted media types.", false),
    "Accept-Encoding": text("The accepted content codings.", false),
  },
  429: { "Retry-After": text(retryAfter) },
  503: { "Retry-After": text(retryAfter) },
};

/** Returns true for a schema made by `Page` of `types/pages.ts`. */
function isPage(body: unknown): boolean {
  const { properties } = (body ?? {}) as { properties?: Record<string, unknown> };
  return properties !== undefined && "data" in properties && "page" in properties;
}
