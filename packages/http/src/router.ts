import { Router } from "express";

/**
 * Returns a router that matches a path exactly as it is written. To Express `/Metrics` and `/metrics/` are
 * `/metrics`; to a rule of a proxy in front they are not.
 */
export function createRouter(): Router {
  return Router({ caseSensitive: true, strict: true });
}
