export { type AppOptions, createApp, type RequestSample } from "./app.ts";
export { readJson } from "./body.ts";
export { createCursors, type Cursors, pageOf } from "./cursor.ts";
export { type ApiDescription, openApiDocument, type OpenApiDocument, type Operation } from "./openapi.ts";
export { parse } from "./parse.ts";
export { Problem, problem, sendProblem } from "./problem.ts";
export { requestId } from "./request-id.ts";
export { listen, type Listening, type ListenOptions } from "./server.ts";
export type { ReadyChecks } from "./status-routes.ts";
