import Type, { type Static } from "typebox";

/**
 * The closed list of problem codes: code → HTTP status and title. Codes are stable; clients match on them.
 * `type` of a problem is `https://mosis.dev/problems/<code>` (RFC 9457 §3.1.1).
 */
export const problems = {
  malformed_json: [400, "The body is not valid JSON"],
  malformed_body: [400, "The body could not be decoded"],
  invalid_request: [400, "The request does not match its schema"],
  cursor_invalid: [400, "The cursor is not valid"],
  credentials_missing: [401, "Credentials are missing"],
  credentials_invalid: [401, "The credentials are not valid"],
  permission_missing: [403, "The key lacks a permission"],
  key_quarantined: [403, "The key waits for its owner to confirm it"],
  secret_rotated_out: [403, "The secret of the key was rotated out"],
  address_not_allowed: [403, "The key does not work from this address"],
  email_unverified: [403, "The e-mail address is not confirmed"],
  confirmation_required: [403, "Confirm that it is you"],
  second_factor_required: [403, "Sign in with a second factor"],
  not_found: [404, "Not found"],
  method_not_allowed: [405, "The method is not allowed here"],
  request_timeout: [408, "The request took too long to arrive"],
  email_taken: [409, "The e-mail address is taken"],
  package_id_taken: [409, "The package id is taken"],
  version_code_taken: [409, "The app has a version with this code"],
  signing_key_taken: [409, "The signing key is registered already"],
  limit_reached: [409, "The account has reached a limit"],
  state_conflict: [409, "The resource is not in a state that allows this"],
  request_in_flight: [409, "The first request with this Idempotency-Key is still running"],
  precondition_failed: [412, "The resource has changed"],
  body_too_large: [413, "The body is too large"],
  content_type_unsupported: [415, "The content type is not supported"],
  content_encoding_unsupported: [415, "The content encoding is not supported"],
  expectation_failed: [417, "The header Expect asks for something unsupported"],
  batch_invalid: [422, "The batch cannot be processed"],
  app_required: [422, "The key serves several apps and the batch names none"],
  reference_unknown: [422, "The request names something that does not exist"],
  signature_invalid: [422, "The signature does not verify"],
  token_invalid: [422, "The token is not valid"],
  oauth_failed: [422, "The provider has not signed you in"],
  idempotency_key_reused: [422, "The Idempotency-Key was used with another body"],
  precondition_required: [428, "If-Match is missing"],
  rate_limited: [429, "Too many requests"],
  quota_exceeded: [429, "The quota is used up"],
  header_too_large: [431, "The header of the request is too large"],
  internal_error: [500, "Something went wrong on our side"],
  unavailable: [503, "The service cannot take this request now"],
} as const satisfies Record<string, readonly [number, string]>;

export type ProblemCode = keyof typeof problems;

/** One entry of `errors`: where it is (RFC 6901), what is wrong and what to do about it. */
export const ProblemDetail = Type.Object({
  pointer: Type.String(),
  code: Type.String(),
  message: Type.String(),
  fix: Type.Optional(Type.String()),
});
export type ProblemDetail = Static<typeof ProblemDetail>;

/** Body of every error answer, `application/problem+json` (RFC 9457). */
export const ProblemBody = Type.Object({
  type: Type.String(),
  title: Type.String(),
  status: Type.Integer(),
  detail: Type.String(),
  instance: Type.String(),
  code: Type.String(),
  request_id: Type.String(),
  errors: Type.Optional(Type.Array(ProblemDetail)),
});
export type ProblemBody = Static<typeof ProblemBody>;
