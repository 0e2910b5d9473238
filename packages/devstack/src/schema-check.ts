import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";

/** Returns null when the value fits the schema, otherwise the fault. */
export type SchemaCheck = (schema: object, value: unknown) => string | null;

/**
 * Checks values against schemas in an OpenAPI document, with another library than the one that made it. It is
 * strict: a keyword or a format that JSON Schema 2020-12 does not know is a fault of the document.
 */
export function createSchemaCheck(document: object): SchemaCheck {
  const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, formats: { "date-time": isDateTime } });
  for (const word of ["openapi", "info", "servers", "tags", "paths", "components"]) ajv.addKeyword(word);
  ajv.addSchema({ $id: "document", ...document });
  const compiled = new WeakMap<object, ValidateFunction>();
  return (schema, value) => {
    let validate = compiled.get(schema);
    if (!validate) {
      const within = JSON.stringify(schema).replaceAll('"#/', '"document#/');
      compiled.set(schema, (validate = ajv.compile(JSON.parse(within) as object)));
    }
    return validate(value) ? null : ajv.errorsText(validate.errors);
  };
}

function isDateTime(text: string): boolean {
  const form = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;
  return form.test(text) && !Number.isNaN(Date.parse(text));
}
