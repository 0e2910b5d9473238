export { type AppOptions, type Apps, createApp, type RequestSample } from "./app.ts";
export { isOptionalBody, readJson } from "./body.ts";
export {
  type ClientAddress,
  createClientAddress,
  createClientNetwork,
  networkOf,
  plainAddress,
} from "./client-address.ts";
export { codingOf, mediaTypeOf } from "./content.ts";
export { createOrigins, type Origins } from "./cors.ts";
export { createCursors, type Cursors, pageOf } from "./cursor.ts";
export { parseJsonText, stringEnd } from "./json-position.ts";
export { etagOf, isKnown, requireMatch } from "./etag.ts";
export { type ApiDescription, openApiDocument, type OpenApiDocument } from "./openapi.ts";
export type { Operation } from "./openapi-operation.ts";
export { parse } from "./parse.ts";
export { endRefused, Problem, problem, sendProblem } from "./problem.ts";
export { RateLimit, type RateLimitOptions, type RatePolicy } from "./rate-limit.ts";
export { createRateLimits, type RateLimits, type RequestRates } from "./request-limits.ts";
export { createRouter } from "./router.ts";
export { requestId } from "./request-id.ts";
export { sendPage } from "./send-page.ts";
export { serve } from "./serve.ts";
export { WorkBudget, type WorkBudgetOptions } from "./work-budget.ts";
export { listen, type Listening, type ListenOptions } from "./server.ts";
export type { ReadyChecks } from "./status-routes.ts";
