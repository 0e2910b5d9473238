import type { OpenApiDocument } from "./openapi.ts";

export interface MethodTable {
  /** The methods that a path takes, in capitals; empty when there is no such path. */
  methodsOf(path: string): string[];
}

const methods = ["get", "post", "put", "patch", "delete"] as const;

/** Tells a wrong method from a wrong path, from the same document that describes the routes. */
export function createMethodTable(openapi: OpenApiDocument): MethodTable {
  const routes = Object.entries(openapi.paths).map(([template, item]) => ({
    // A path ends in an identifier or an action (`{id}:rotate`); everything but the braces is literal. No
    // identifier has a colon: else every action would be one of the resource's.
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

/** What is read can be asked for without its body. */
function taken(method: string): string[] {
  return method === "get" ? ["GET", "HEAD"] : [method.toUpperCase()];
}

function escapeLiteral(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}
