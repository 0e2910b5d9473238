import type { Operation } from "@mosis/http";
import { Uuid } from "@mosis/types/formats";
import { Page, PageQuery } from "@mosis/types/pages";
import { NewRestriction, Restriction } from "@mosis/types/telemetry-restrictions";

const path = "/v1/telemetry-restrictions";
const one = { path: `${path}/{id}`, params: { id: Uuid } };

export const telemetryRestrictionOperations: Operation[] = [
  {
    method: "post",
    path,
    id: "createTelemetryRestriction",
    summary: "Drop, sample or quarantine events of an app, a key or a name; in force within five seconds",
    access: "apps:write",
    body: NewRestriction,
    answers: {
      201: {
        description: "The restriction.",
        body: Restriction,
        headers: { Location: "Path of the created restriction." },
      },
    },
    problems: ["reference_unknown", "state_conflict"],
  },
  {
    method: "get",
    path,
    id: "listTelemetryRestrictions",
    summary: "List restrictions of your apps, also those made by an admin; an admin sees all",
    access: "apps:read",
    query: PageQuery,
    answers: { 200: { description: "One page.", body: Page(Restriction) } },
    problems: ["cursor_invalid"],
  },
  {
    ...one,
    method: "get",
    id: "getTelemetryRestriction",
    summary: "One restriction",
    access: "apps:read",
    answers: { 200: { description: "The restriction.", body: Restriction } },
    problems: ["not_found"],
  },
  {
    ...one,
    method: "delete",
    id: "liftTelemetryRestriction",
    summary: "Lift a restriction; no longer in force after five seconds",
    access: "apps:write",
    answers: { 204: { description: "The restriction was lifted." } },
    problems: ["not_found"],
  },
];
