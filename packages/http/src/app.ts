import type { RequestListener } from "node:http";
import { type Logger, type Metrics, QueueFull, Unavailable } from "@mosis/runtime";
import express, { type ErrorRequestHandler, type Express, type RequestHandler, type Router } from "express";
import { type ReadyChecks, statusRoutes } from "./status-routes.ts";
import { type ClientAddress, createClientAddress } from "./client-address.ts";
import type { Origins } from "./cors.ts";
import { createMethodTable, type MethodTable } from "./method-table.ts";
import type { OpenApiDocument } from "./openapi.ts";
import { Problem, problem, sendProblem } from "./problem.ts";
import { referencePage } from "./reference-page.ts";
import { createDocumentLimit } from "./request-limits.ts";
import { requestId } from "./request-id.ts";
import { isAnswered } from "./unread-body.ts";
import { requireWellFormedTarget } from "./well-formed.ts";

/**
 * One answered request. `route` is the pattern (`/v1/apps/{package_id}`). Status 499 means that the client
 * went away.
 */
export interface RequestSample {
  method: string;
  route: string;
  status: number;
  duration_ms: number;
}

/**
 * Routes that run before every middleware, and before Express when the request has exactly their path. They
 * have no request id, no metrics and only the headers that they set themselves. Express takes 5 µs to hand a
 * request over.
 */
interface HotRoutes {
  /** Path → listener that answers a POST to it. */
  posts: ReadonlyMap<string, RequestListener>;
  /** Answers an OPTIONS to any of them. */
  preflight?: RequestListener | undefined;
}

export interface AppOptions {
  log: Logger;
  metrics: Metrics;
  ready: ReadyChecks;
  hot?: HotRoutes;
  /** Origins of pages that may read the answers of all routes that are not hot. Null allows none. */
  origins?: Origins | null;
  routes: Router[];
  /**
   * The document served at `/openapi.json`, and at `/docs` when it has paths. Its paths decide between 404
   * and 405.
   */
  openapi: OpenApiDocument;
  /**
   * Called once for each request, after its answer. Hot routes, `/healthz`, `/readyz` and `/metrics` are not
   * observed.
   */
  observe?: (sample: RequestSample) => void;
  /**
   * The client that requests for `/openapi.json` and `/docs` are counted for. Default: the address of the
   * connection.
   */
  clientAddress?: ClientAddress;
  /** True puts health, metrics and the reference page into an application of their own. Default false. */
  managementApart?: boolean | undefined;
}

export interface Apps {
  /** The application for clients. */
  app: RequestListener;
  /** The application for operators; null when `app` serves everything. */
  management: RequestListener | null;
}

/**
 * Express applications in our order: hot routes, headers with
 * the request id, status routes, metrics, routes, errors.
 */
export function createApp(options: AppOptions): Apps {
  const { log, metrics, hot, origins, routes, openapi, observe, managementApart = false } = options;
  const app = newExpress();
  if (hot) addHot(app, hot);
  if (origins) app.use(shareWith(origins));
  app.use(setHeaders);
  if (!managementApart) addManagement(app, options);
  app.use(observeRequests(metrics, observe));
  const table = createMethodTable(openapi);
  const refuse = refuseUnknown(table);
  app.use(refuseIllFormed);
  app.use(refuseOtherMethods(table));
  // Express would answer OPTIONS itself, with the methods of a single router.
  app.use((req, res, next) => void (req.method === "OPTIONS" ? refuse(req, res, next) : next()));
  for (const router of routes) app.use(router);
  app.use(refuse);
  app.use(answerErrors(log));
  const management = managementApart ? createManagement(options) : null;
  if (!hot) return { app, management };
  const withHot: RequestListener = (req, res) => {
    const handle = req.method === "POST" ? hot.posts.get(req.url ?? "") : undefined;
    if (handle) handle(req, res);
    else app(req, res);
  };
  return { app: withHot, management };
}

function newExpress(): Express {
  const app = express();
  app.disable("x-powered-by");
  // Our ETags mean a version of a resource, not a hash of bytes.
  app.disable("etag");
  app.set("query parser", "simple");
  // The same rule as in createRouter.
  app.set("case sensitive routing", true);
  app.set("strict routing", true);
  // Express would answer 304 itself, for example to `If-None-Match: *`. Only a route knows what it has.
  Object.defineProperty(app.request, "fresh", { get: () => false });
  return app;
}

function createManagement(options: AppOptions): RequestListener {
  const app = newExpress();
  app.use(setHeaders);
  addManagement(app, options);
  app.use(() => {
    throw problem("not_found", "Only health, metrics and the reference page are on this port.");
  });
  app.use(answerErrors(options.log));
  return app;
}

function addManagement(app: Express, { metrics, ready, openapi, clientAddress }: AppOptions): void {
  const admit = createDocumentLimit(clientAddress ?? createClientAddress([]));
  app.use(statusRoutes({ metrics, ready, openapi, admit }));
  if (Object.keys(openapi.paths).length > 0) app.use(referencePage(openapi, admit));
}

/** Adds the hot routes to Express, for requests whose path has a query. */
function addHot(app: Express, { posts, preflight }: HotRoutes): void {
  for (const [path, handle] of posts) {
    // Express reads the text after a colon as a parameter.
    const escaped = path.replaceAll(":", String.raw`\:`);
    app.post(escaped, handle);
    if (preflight) app.options(escaped, preflight);
  }
}

function shareWith(origins: Origins): RequestHandler {
  return (req, res, next) => {
    if (req.method === "OPTIONS" && req.headers["access-control-request-method"] !== undefined) {
      origins.preflight(req, res);
      return;
    }
    origins.allow(req, res);
    next();
  };
}

const durationBucketsS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

function observeRequests(metrics: Metrics, observe: AppOptions["observe"]): RequestHandler {
  const total = metrics.counter("http_requests_total", "Requests answered.", ["method", "route", "status"]);
  const seconds = metrics.histogram(
    "http_request_duration_seconds",
    "From the head of the request to the end of the answer.",
    durationBucketsS,
    ["method", "route"],
  );
  return (req, res, next) => {
    const startedAt = performance.now();
    res.once("close", () => {
      const duration_ms = performance.now() - startedAt;
      const route = routeOf(req);
      const status = isAnswered(res) ? res.statusCode : 499;
      total.inc({ method: req.method, route, status });
      seconds.observe({ method: req.method, route }, duration_ms / 1000);
      observe?.({ method: req.method, route, status, duration_ms });
    });
    next();
  };
}

/**
 * Returns the pattern of the route that answered, or one word for every other path, so that metrics stay
 * bounded.
 */
function routeOf(req: { route?: { path?: unknown } }): string {
  const path = req.route?.path;
  if (typeof path !== "string") return "unmatched";
  let pattern = patterns.get(path);
  if (pattern === undefined) {
    // An escaped colon is a colon; an unescaped one begins the name of a parameter.
    pattern = path.replaceAll(/\\:|:(\w+)/g, (_, name?: string) => (name === undefined ? ":" : `{${name}}`));
    patterns.set(path, pattern);
  }
  return pattern;
}

/** Cache of the patterns of routes. It has as many entries as the source has routes. */
const patterns = new Map<string, string>();

const setHeaders: RequestHandler = (req, res, next) => {
  res.setHeader("X-Request-Id", requestId(req));
  res.setHeader("X-Content-Type-Options", "nosniff");
  res.setHeader("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
  res.setHeader("Referrer-Policy", "no-referrer");
  // A page may read it only by CORS, and not as a script or an image.
  res.setHeader("Cross-Origin-Resource-Policy", "same-origin");
  res.setHeader("Cache-Control", "no-store");
  next();
};

const refuseIllFormed: RequestHandler = (req, _res, next) => {
  requireWellFormedTarget(req.url);
  next();
};

/**
 * Answers 405 to other methods. Actions come first: Express also reads `1:complete` as an identifier, so with
 * another method it would be a resource that does not exist.
 */
function refuseOtherMethods(table: MethodTable): RequestHandler {
  return (req, _res, next) => {
    const { method, path } = req;
    if (path.includes(":")) {
      const allowed = table.methodsOf(path);
      if (allowed.length > 0 && method !== "OPTIONS" && !allowed.includes(method)) throw notAllowed(allowed);
    }
    next();
  };
}

function notAllowed(allowed: string[]): Problem {
  const names = allowed.join(", ");
  return problem("method_not_allowed", `This route takes ${names}.`, { headers: { Allow: names } });
}

function refuseUnknown(table: MethodTable): RequestHandler {
  return (req) => {
    const allowed = table.methodsOf(req.path);
    if (allowed.length === 0) throw problem("not_found", "There is no such route; see /openapi.json.");
    throw notAllowed(allowed);
  };
}

/**
 * Answers every error. A Problem is sent as it is. Any other error is logged here, once, and answered with a
 * bare 500.
 */
function answerErrors(log: Logger): ErrorRequestHandler {
  // Express recognises an error handler by its four parameters.
  return (error: unknown, req, res, _next) => {
    const id = requestId(req);
    const answer = asProblem(error);
    if (answer.status >= 500 && !res.destroyed) {
      const fields = { err: error, request_id: id, method: req.method, route: routeOf(req) };
      if (answer.code === "internal_error") log.error(fields, "A request failed");
      else log.warn(fields, "A request was refused: a store or a limit stands in the way");
    }
    sendProblem(res, answer, id);
  };
}

function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof Unavailable) {
    const headers = { "Retry-After": String(error.retryAfterSeconds) };
    // A client that has used up its own share gets its own code: the service is available to everybody else.
    const code = error instanceof QueueFull && error.isOwnShare ? "rate_limited" : "unavailable";
    return problem(code, error.message, { headers, cause: error });
  }
  // Refusals of Express itself, for example of a path that is not valid percent-encoding.
  const { status } = error as { status?: unknown };
  if (typeof status === "number" && status >= 400 && status < 500) {
    return problem("invalid_request", "The request cannot be read: its path or header is malformed.", {
      cause: error,
    });
  }
  return problem("internal_error", "Something went wrong on our side. Tell us the request_id.", {
    cause: error,
  });
}
