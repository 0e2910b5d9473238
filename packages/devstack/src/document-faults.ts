import { Validator } from "@seriousme/openapi-schema-validator";
import { type Media, type OperationObject, operationsOf } from "./api-document.ts";
import { createSchemaCheck } from "./schema-check.ts";

type Specification = Record<string, unknown>;

/**
 * Returns the faults of an OpenAPI document, one sentence each. It is checked against the schema of OpenAPI
 * 3.1 itself, and against a reader's expectations: every example fits its schema, every tag is explained,
 * every operation has a name of its own and its path's parameters.
 */
export async function documentFaults(document: object): Promise<string[]> {
  const { valid, errors } = await new Validator().validate(structuredClone(document) as Specification);
  const faults = valid ? [] : [`OpenAPI 3.1: ${JSON.stringify(errors).slice(0, 1000)}`];
  const operations = operationsOf(document);
  const names = operations.map(({ operation }) => operation.operationId);
  const twice = names.filter((name, at) => names.indexOf(name) !== at);
  if (twice.length > 0) faults.push(`several operations have the name ${twice.join(", ")}`);
  const check = createExampleCheck(document);
  const tags = new Set(((document as { tags?: { name: string }[] }).tags ?? []).map(({ name }) => name));
  for (const { path, method, operation } of operations) {
    const name = `${method} ${path}`;
    const found = [...operationFaults(path, operation, tags), ...exampleFaults(operation, check)];
    faults.push(...found.map((fault) => `${name}: ${fault}`));
  }
  return faults;
}

function operationFaults(path: string, operation: OperationObject, tags: Set<string>): string[] {
  const { summary, description, parameters = [] } = operation;
  const wanted = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
  const inPath = parameters.filter((parameter) => parameter.in === "path").map(({ name }) => name);
  const untold = (operation.tags ?? []).filter((tag) => !tags.has(tag));
  return [
    ...(wanted.join() === inPath.join() ? [] : [`its parameters are ${inPath.join()}`]),
    ...(operation.tags?.length === 1 ? [] : ["it needs one tag"]),
    ...untold.map((tag) => `nothing explains the tag ${tag}: add it to tags`),
    ...(summary && description ? [] : ["it needs a summary and a description"]),
  ];
}

type Check = (at: string, media: Media) => string[];

function exampleFaults({ parameters = [], requestBody, responses }: OperationObject, check: Check): string[] {
  const bodies = Object.entries(requestBody?.content ?? {}).map(([type, media]) => ({
    at: `request ${type}`,
    media,
  }));
  const answers = Object.entries(responses).flatMap(([status, { content = {} }]) =>
    Object.entries(content).map(([type, media]) => ({ at: `${status} ${type}`, media })),
  );
  // Header fields are explained, and some are made anew for each request.
  const inTarget = parameters.filter(({ in: at, required }) => required === true && at !== "header");
  return [
    ...[...bodies, ...answers].flatMap(({ at, media }) => check(at, media)),
    ...inTarget.flatMap((parameter) => check(parameter.name, parameter)),
  ];
}

function createExampleCheck(document: object): Check {
  const faultOf = createSchemaCheck(document);
  const { components } = document as { components: { examples?: Record<string, { value: unknown }> } };
  const named = components.examples ?? {};
  return (at, { schema, example, examples = {} }) => {
    // Nobody reads bytes.
    if (schema && "format" in schema && schema.format === "binary") return [];
    const values = Object.values(examples).map((one) =>
      "$ref" in one ? named[one.$ref.split("/").at(-1) ?? ""]?.value : one.value,
    );
    if (example !== undefined) values.push(example);
    if (values.length === 0 || values.includes(undefined)) return [`${at} has no example`];
    return values.flatMap((value) => {
      // The way out: `examples` of the schema, or a word of the property's name.
      const fault = faultOf(schema ?? {}, value);
      return fault === null ? [] : [`the example of ${at} does not fit: ${fault}`];
    });
  };
}
