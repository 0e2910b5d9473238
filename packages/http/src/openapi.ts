import { type ProblemCode, ProblemBody, problems } from "@mosis/types/problems";
import type { TSchema } from "typebox";

type Method = "get" | "post" | "put" | "patch" | "delete";

/** One operation as a client sees it. */
export interface Operation {
  method: Method;
  /** With parameters in braces: `/v1/apps/{package_id}`. */
  path: string;
  /** Name in generated clients, camelCase. */
  id: string;
  summary: string;
  /** Who may call it: anybody, any developer, or a key with that permission. */
  access: "public" | "developer" | (string & {});
  params?: Record<string, TSchema>;
  query?: TSchema;
  /** Header fields of the request that mean something here, with what they mean. */
  requestHeaders?: Record<string, string>;
  body?: TSchema;
  /** Successful answers by status. */
  answers: Record<number, { description: string; body?: TSchema; headers?: Record<string, string> }>;
  /** Codes beyond those that every operation of its kind may answer. */
  problems?: ProblemCode[];
}

export interface ApiDescription {
  title: string;
  version: string;
  description: string;
  /** Named under `components.schemas` and referred to wherever the same object is used. */
  schemas?: Record<string, TSchema>;
  operations: Operation[];
}

export interface OpenApiDocument {
  openapi: "3.1.0";
  info: { title: string; version: string; description: string };
  paths: Record<string, Record<string, object>>;
  components: object;
}

/**
 * The OpenAPI 3.1 document from the schemas that check the requests.
 * TypeBox schemas are JSON Schema 2020-12 as they are.
 */
export function openApiDocument(api: ApiDescription): OpenApiDocument {
  const { title, version, description, schemas = {}, operations } = api;
  const named = { ...schemas, Problem: ProblemBody as TSchema };
  const names = new Map<unknown, string>(Object.entries(named).map(([name, schema]) => [schema, name]));
  const refer = (schema: unknown) => referred(schema, names);

  const paths: OpenApiDocument["paths"] = {};
  for (const operation of operations) {
    (paths[operation.path] ??= {})[operation.method] = describe(operation, refer);
  }
  return {
    openapi: "3.1.0",
    info: { title, version, description },
    paths,
    components: {
      schemas: Object.fromEntries(
        Object.entries(named).map(([name, schema]) => [name, referredParts(schema, names)]),
      ),
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

type Refer = (schema: unknown) => unknown;

function describe(operation: Operation, refer: Refer): object {
  const { id, summary, access, body, answers } = operation;
  return {
    operationId: id,
    summary,
    ...(access.includes(":") ? { description: `Keys need the permission \`${access}\`.` } : {}),
    security: access === "public" ? [] : [{ bearer: [] }],
    parameters: parametersOf(operation, refer),
    ...(body
      ? { requestBody: { required: true, content: { "application/json": { schema: refer(body) } } } }
      : {}),
    responses: { ...successes(answers, refer), ...failures(operation, refer) },
  };
}

function parametersOf({ params = {}, query, requestHeaders = {} }: Operation, refer: Refer): object[] {
  const { properties = {}, required = [] } = (query ?? {}) as {
    properties?: Record<string, TSchema>;
    required?: string[];
  };
  return [
    ...Object.entries(params).map(([name, schema]) => ({
      name,
      in: "path",
      required: true,
      schema: refer(schema),
    })),
    ...Object.entries(properties).map(([name, schema]) => ({
      name,
      in: "query",
      required: required.includes(name),
      schema: refer(schema),
    })),
    ...Object.entries(requestHeaders).map(([name, description]) => ({
      name,
      in: "header",
      required: false,
      description,
      schema: { type: "string" },
    })),
  ];
}

function successes(answers: Operation["answers"], refer: Refer): object {
  const entries = Object.entries(answers).map(([status, { description, body, headers = {} }]) => [
    status,
    {
      description,
      headers: Object.fromEntries(
        Object.entries({ "X-Request-Id": "Id of the request.", ...headers }).map(([name, about]) => [
          name,
          { description: about, schema: { type: "string" } },
        ]),
      ),
      ...(body ? { content: { "application/json": { schema: refer(body) } } } : {}),
    },
  ]);
  return Object.fromEntries(entries) as object;
}

function failures(operation: Operation, refer: Refer): object {
  const codes = new Set<ProblemCode>(operation.problems);
  if (operation.access !== "public") {
    codes.add("credentials_missing").add("credentials_invalid").add("address_not_allowed");
  }
  if (operation.access.includes(":")) codes.add("permission_missing");
  if (operation.query) codes.add("invalid_request");
  if (operation.body) {
    for (const code of bodyProblems) codes.add(code);
  }
  codes.add("unavailable");
  const byStatus = Map.groupBy(codes, (code) => problems[code][0]);
  const entries = [...byStatus].map(([status, group]) => [
    status,
    {
      description: group.map((code) => `\`${code}\`: ${problems[code][1]}`).join("; "),
      content: { "application/problem+json": { schema: refer(ProblemBody) } },
    },
  ]);
  return Object.fromEntries(entries) as object;
}

const bodyProblems: ProblemCode[] = [
  "malformed_json",
  "malformed_body",
  "invalid_request",
  "body_too_large",
  "content_type_unsupported",
  "content_encoding_unsupported",
];

function referred(schema: unknown, names: Map<unknown, string>): unknown {
  const name = names.get(schema);
  return name === undefined ? referredParts(schema, names) : { $ref: `#/components/schemas/${name}` };
}

function referredParts(schema: unknown, names: Map<unknown, string>): unknown {
  if (Array.isArray(schema)) return schema.map((part) => referred(part, names));
  if (typeof schema !== "object" || schema === null) return schema;
  return Object.fromEntries(Object.entries(schema).map(([key, part]) => [key, referred(part, names)]));
}
