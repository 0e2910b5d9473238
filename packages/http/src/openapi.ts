import { ProblemBody } from "@mosis/types/problems";
import type { TSchema } from "typebox";
import { failuresOf, problemExamples, successesOf } from "./openapi-answers.ts";
import { isOptionalBody } from "./body.ts";
import { createExamples } from "./openapi-examples.ts";
import {
  type ApiConventions,
  type Context,
  type Operation,
  takesIdempotencyKey,
} from "./openapi-operation.ts";

export interface ApiDescription {
  title: string;
  version: string;
  description: string;
  conventions?: ApiConventions;
  /** The subject of the operations by the word of their path, e.g. `versions` of `/v1/apps/{…}/versions`. */
  tags?: Record<string, string>;
  /**
   * Schemas named under `components.schemas`. The document refers to them wherever the same object is used.
   */
  schemas?: Record<string, TSchema>;
  /** Lifelike values for examples, by the name of the property. */
  words?: Record<string, unknown>;
  operations: Operation[];
}

export interface OpenApiDocument {
  openapi: "3.1.0";
  info: { title: string; version: string; description: string };
  servers: { url: string; description: string }[];
  tags: { name: string; description: string }[];
  paths: Record<string, Record<string, object>>;
  components: object;
}

/**
 * Returns the OpenAPI 3.1 document of the schemas that check the requests. TypeBox schemas already are JSON
 * Schema 2020-12.
 */
export function openApiDocument(api: ApiDescription): OpenApiDocument {
  const { title, version, description, conventions = {}, tags = {}, schemas = {}, operations } = api;
  const named = { ...schemas, Problem: ProblemBody as TSchema };
  const names = new Map<unknown, string>(Object.entries(named).map(([name, schema]) => [schema, name]));
  const refer = (schema: unknown) => referred(schema, names);
  const exampleOf = createExamples(api.words ?? {});

  const paths: OpenApiDocument["paths"] = {};
  for (const operation of operations) {
    (paths[operation.path] ??= {})[operation.method] = describe(operation, {
      conventions,
      refer,
      exampleOf,
    });
  }
  return {
    openapi: "3.1.0",
    info: { title, version, description },
    servers: [{ url: "/", description: "The process that this document came from." }],
    tags: Object.entries(tags).map(([name, about]) => ({ name, description: about })),
    paths,
    components: {
      schemas: Object.fromEntries(
        Object.entries(named).map(([name, schema]) => [name, referredParts(schema, names)]),
      ),
      examples: problemExamples(),
      securitySchemes: {
        bearer: {
          type: "http",
          scheme: "bearer",
          description: "Token of a session, or the secret of a key.",
        },
      },
    },
  };
}

function describe(operation: Operation, context: Context): object {
  const { id, path, summary, description, access, body } = operation;
  const { refer, exampleOf } = context;
  return {
    operationId: id,
    tags: [tagOf(path)],
    summary,
    description: [description, whoMay(access)].filter((text) => text !== undefined).join(" "),
    security: securityOf(access),
    parameters: parametersOf(operation, context),
    ...(body
      ? {
          requestBody: {
            required: !isOptionalBody(body),
            content: { "application/json": { schema: refer(body), example: exampleOf(body, "") } },
          },
        }
      : {}),
    responses: { ...successesOf(operation, context), ...failuresOf(operation, context) },
  };
}

/**
 * Returns the tag of a path: versions for `/v1/apps/{package_id}/versions/{code}:submit`, apps for
 * `/v1/apps/{package_id}`.
 */
function tagOf(path: string): string {
  const [, , collection = "", parameter, part] = path.split("/");
  const word = parameter?.startsWith("{") === true && part !== undefined ? part : collection;
  return word.replace(/:.*/, "");
}

function whoMay(access: string): string {
  if (access === "public") return "Needs no credentials.";
  if (access === "session") return "Accepts only the token of a session.";
  if (access === "reviewer") return "Accepts only the token of a session of a reviewer or an admin.";
  if (access === "developer") return "Accepts the token of a session or any management key.";
  const permissions = access.split(" or ").map((permission) => `\`${permission}\``);
  return `Keys need the permission ${permissions.join(" or ")}.`;
}

/**
 * Returns the security of an operation. Permissions stand where OpenAPI 3.1 has roles; `session` and
 * `reviewer` mean that no key is accepted.
 */
function securityOf(access: string): object[] {
  if (access === "public") return [];
  if (access === "developer") return [{ bearer: [] }];
  return access.split(" or ").map((role) => ({ bearer: [role] }));
}

function parametersOf(operation: Operation, { conventions, refer, exampleOf }: Context): object[] {
  const { params = {}, query, requestHeaders = {} } = operation;
  const { properties = {}, required = [] } = (query ?? {}) as {
    properties?: Record<string, TSchema>;
    required?: string[];
  };
  const isMatchNeeded = operation.problems?.includes("precondition_required") === true;
  return [
    ...Object.entries(params).map(([name, schema]) => ({
      name,
      in: "path",
      required: true,
      schema: refer(schema),
      example: exampleOf(schema, name),
    })),
    ...Object.entries(properties).map(([name, schema]) => ({
      name,
      in: "query",
      required: required.includes(name),
      schema: refer(schema),
      // The reference page fills examples in. An optional field stays empty there.
      ...(required.includes(name) ? { example: exampleOf(schema, name) } : {}),
    })),
    ...Object.entries(requestHeaders).map(([name, description]) => ({
      name,
      in: "header",
      required: name === "If-Match" && isMatchNeeded,
      description,
      schema: { type: "string" },
    })),
    ...(takesIdempotencyKey(operation, conventions) ? [idempotencyKey] : []),
  ];
}

const idempotencyKey = {
  name: "Idempotency-Key",
  in: "header",
  required: false,
  description: "A value of your choice. Requests with the same value within 24 hours are done once.",
  schema: { type: "string", minLength: 1, maxLength: 255, pattern: "^[\\x21-\\x7e]*$" },
};

function referred(schema: unknown, names: Map<unknown, string>): unknown {
  const name = names.get(schema);
  return name === undefined ? referredParts(schema, names) : { $ref: `#/components/schemas/${name}` };
}

function referredParts(schema: unknown, names: Map<unknown, string>): unknown {
  if (Array.isArray(schema)) return schema.map((part) => referred(part, names));
  if (typeof schema !== "object" || schema === null) return schema;
  return Object.fromEntries(Object.entries(schema).map(([key, part]) => [key, referred(part, names)]));
}
