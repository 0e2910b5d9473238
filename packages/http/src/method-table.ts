import type { OpenApiDocument } from "./openapi.ts";

export interface MethodTable {
  /** Returns the methods that a path accepts, in capitals; empty when there is no such path. */
  methodsOf(path: string): string[];
}

const methods = ["get", "post", "put", "patch", "delete"] as const;

/**
 * Creates the table that separates a wrong method from a wrong path. It uses the same document that describes
 * the routes.
 */
export function createMethodTable(openapi: OpenApiDocument): MethodTable {
  const routes = Object.entries(openapi.paths).map(([template, item]) => ({
    // A path ends in an identifier or an action (`{id}:rotate`); everything but the braces is literal. No
    // identifier has a colon: otherwise every action would match as an identifier.
    pattern: new RegExp(
      `^${template
        .split(/\{\w+\}/)
        .map(escapeLiteral)
        .join("[^/:]+")}$`,
    ),
    methods: methods.filter((method) => method in item).flatMap(taken),
  }));
  return { methodsOf: (path) => routes.find(({ pattern }) => pattern.test(path))?.methods ?? [] };
}

/** Adds HEAD to GET: a resource that can be read can be asked for without its body. */
function taken(method: string): string[] {
  return method === "get" ? ["GET", "HEAD"] : [method.toUpperCase()];
}

function escapeLiteral(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}
