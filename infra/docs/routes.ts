import { type OpenApiDocument, openApiDocument } from "@mosis/http";
import { catalogDocument } from "../../services/catalog/src/openapi.ts";
import { ingestDocument } from "../../services/telemetry/src/ingest/protocols/openapi.ts";
import { queryApi } from "../../services/telemetry/src/openapi.ts";
import { table } from "./sections.ts";

/** The parts of an operation that a row shows. */
interface Listed {
  summary: string;
  /**
   * Each entry is one way to send credentials. `bearer` has the permission, or who must have signed in; the
   * other ways, which protocols of others have, need the same.
   */
  security: { bearer?: string[] }[];
}

const documents = { catalog: catalogDocument, ingest: ingestDocument(), query: openApiDocument(queryApi) };

/** Returns the table of the routes of a service, from its OpenAPI document. */
export function routeTable(service: keyof typeof documents): string {
  return table(["route", "needs", "does"], routeRows(documents[service].paths));
}

/** Returns a row for each operation, in the order of the document. */
export function routeRows(paths: OpenApiDocument["paths"]): string[][] {
  return Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => {
      const { summary, security } = operation as Listed;
      return [`\`${method.toUpperCase()} ${path}\``, needs(security), summary];
    }),
  );
}

const peopleWords: Readonly<Record<string, string>> = {
  session: "a session",
  reviewer: "a session of a reviewer",
};

function needs(security: Listed["security"]): string {
  if (security.length === 0) return "nothing";
  const roles = security.flatMap(({ bearer }) => (bearer ? [bearer[0]] : []));
  return roles.map(wordsOf).join(" or ");
}

function wordsOf(role: string | undefined): string {
  if (role === undefined) return "a session or a management key";
  return peopleWords[role] ?? `\`${role}\``;
}
