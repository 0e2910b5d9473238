/** The part of an OpenAPI 3.1 document that is read. */
interface ApiDocument {
  paths: Record<string, Record<string, OperationObject>>;
}

export interface OperationObject {
  operationId: string;
  tags?: string[];
  summary?: string;
  description?: string;
  /** The roles that are needed, by name of a scheme; several entries are alternatives. */
  security: Record<string, string[]>[];
  parameters?: ({ name: string; in: string; required?: boolean } & Media)[];
  requestBody?: { content: Record<string, Media> };
  responses: Record<string, ResponseObject>;
}

export interface Media {
  schema?: object;
  example?: unknown;
  examples?: Record<string, { value: unknown } | { $ref: string }>;
}

export interface ResponseObject {
  description: string;
  headers?: Record<string, { required?: boolean }>;
  content?: Record<string, Media>;
}

/** Returns every operation of a document, in its order. */
export function operationsOf(document: object) {
  return Object.entries((document as ApiDocument).paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );
}

/** Returns path and query of an operation, with the examples of its parameters. */
export function targetOf(path: string, parameters: OperationObject["parameters"] = []): string {
  const examples = new Map(parameters.map(({ name, example }) => [name, String(example)]));
  const target = path.replaceAll(/\{(\w+)\}/g, (_all, name: string) => examples.get(name) ?? "x");
  const query = parameters.filter(({ in: at, example }) => at === "query" && example !== undefined);
  const pairs = query.map(({ name }) => [name, examples.get(name) ?? ""]);
  return pairs.length === 0 ? target : `${target}?${new URLSearchParams(pairs).toString()}`;
}

/** Finds the route of a request: its path in the document, and its operation if it takes the method. */
export function routesOf(document: object) {
  const { paths } = document as ApiDocument;
  const routes = Object.entries(paths).map(([path, item]) => {
    const literals = path
      .split(/\{\w+\}/)
      .map((text) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
    return { path, item, pattern: new RegExp(`^${literals.join("[^/]+?")}$`), literals };
  });
  // `/v1/developers/me` comes before `/v1/developers/{id}`, `{id}:rotate` before `{id}`.
  routes.sort((a, b) => a.literals.length - b.literals.length || b.path.length - a.path.length);
  return (method: string, url: string) => {
    const [path = ""] = url.split("?", 1);
    const route = routes.find(({ pattern }) => pattern.test(path));
    if (!route) return null;
    const name = method === "HEAD" ? "get" : method.toLowerCase();
    return { path: route.path, operation: route.item[name] };
  };
}
