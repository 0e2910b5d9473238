import type { TSchema } from "typebox";

/** The parts of JSON Schema that examples are made from. */
interface Schema {
  type?: string;
  const?: unknown;
  enum?: unknown[];
  anyOf?: Schema[];
  examples?: unknown[];
  properties?: Record<string, Schema>;
  items?: Schema | Schema[];
  minItems?: number;
  format?: string;
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
}

/**
 * Makes examples of schemas: the schema's `examples`, else a word for the property's name, else any value
 * that fits. A test checks each example of a document against its schema; where nothing here fits, the schema
 * needs `examples`.
 * @param words Lifelike values by the name of their property.
 */
export function createExamples(words: Record<string, unknown>) {
  const make = (schema: Schema, name: string): unknown => {
    const { type, examples, anyOf, properties } = schema;
    if (examples?.[0] !== undefined) return examples[0];
    if ("const" in schema) return schema.const;
    if (anyOf) return make(anyOf.find((branch) => branch.type !== "null") ?? {}, name);
    if (schema.enum) return schema.enum.includes(words[name]) ? words[name] : schema.enum[0];
    switch (type) {
      case "object":
        return Object.fromEntries(
          Object.entries(properties ?? {}).map(([key, property]) => [key, make(property, key)]),
        );
      case "array":
        return listOf(schema, (item) => make(item, name));
      case "integer":
      case "number":
        return numberFor(schema, words[name]);
      case "boolean":
        return typeof words[name] === "boolean" ? words[name] : true;
      case "string":
        return [words[name], ...texts].find((word) => fits(schema, word)) ?? "text";
      default:
        return type === "null" ? null : (words[name] ?? {});
    }
  };
  return (schema: TSchema, name: string) => make(schema, name);
}

function listOf({ items, minItems }: Schema, make: (item: Schema) => unknown): unknown[] {
  if (Array.isArray(items)) return items.map(make);
  const item = make(items ?? {});
  return Array.isArray(item) ? item : Array<unknown>(Math.max(1, minItems ?? 1)).fill(item);
}

function numberFor({ minimum = 0, maximum = Infinity }: Schema, word: unknown): number {
  if (typeof word === "number" && word >= minimum && word <= maximum) return word;
  return Math.min(Math.max(1, minimum), maximum);
}

const texts = [
  "text",
  "2026-11-25T10:00:00.000Z",
  "0199c0de-7a1b-7c3d-8e4f-5a6b7c8d9e0f",
  "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
  "org.mosis.chess",
  "ada@example.org",
  "https://example.org/",
  "1.4.0",
  "a longer text, of some words, for what is longer",
];

function fits({ format, pattern, minLength = 0, maxLength = Infinity }: Schema, word: unknown): boolean {
  if (typeof word !== "string" || word.length < minLength || word.length > maxLength) return false;
  if (format === "date-time") return /^\d{4}-\d\d-\d\dT/.test(word);
  return pattern === undefined || new RegExp(pattern, "u").test(word);
}
