import type { ApiDescription } from "@mosis/http";
import { AuditEvent, AuditQuery } from "@mosis/types/audit";
import { Erasure } from "@mosis/types/erasures";
import { Uuid } from "@mosis/types/formats";
import { PackageId } from "@mosis/types/apps";
import { OutcomeBucket, Outcomes, OutcomesQuery } from "@mosis/types/outcomes";
import { Page, PageQuery } from "@mosis/types/pages";
import { RejectedEvent, RejectedQuery, Replay, Replayed, ReplayResult } from "@mosis/types/rejected";
import { Receipt } from "@mosis/types/telemetry";

/** The document that query serves as `/openapi.json`. */
export const queryApi: ApiDescription = {
  title: "Mosis telemetry query",
  version: "1",
  description:
    "Receipts of telemetry batches, their outcomes, the audit trail and erasures. It takes keys, " +
    "not session tokens. Errors are application/problem+json (RFC 9457) with a code of a closed " +
    "list. A resource of somebody else gets the same answer as one that does not exist.",
  conventions: { rateLimits: true },
  tags: {
    telemetry: "What became of telemetry: receipts, outcomes, rejected events, erasures.",
    audit: "Who changed what in the catalog.",
  },
  words: {
    action: "app.created",
    event_name: "level_complete",
    from: "2026-11-24T00:00:00.000Z",
    to: "2026-11-25T00:00:00.000Z",
    interval: "hour",
    next_cursor: null,
    has_more: false,
    package_id: "org.mosis.chess",
    pointer: "/properties/score",
  },
  schemas: { AuditEvent, Erasure, OutcomeBucket, Receipt, RejectedEvent, ReplayResult },
  operations: [
    {
      method: "get",
      path: "/v1/telemetry/batches/{batch_id}",
      id: "getReceipt",
      summary: "Get what became of a batch",
      access: "telemetry:write or telemetry:read",
      params: { batch_id: Uuid },
      answers: { 200: { description: "The receipt.", body: Receipt } },
      problems: ["not_found"],
    },
    {
      method: "get",
      path: "/v1/apps/{package_id}/telemetry/outcomes",
      id: "getOutcomes",
      summary: "Count what became of an app's telemetry, by time and reason",
      access: "telemetry:read",
      params: { package_id: PackageId },
      query: OutcomesQuery,
      answers: { 200: { description: "From old to new.", body: Outcomes } },
      problems: ["not_found"],
    },
    {
      method: "get",
      path: "/v1/apps/{package_id}/telemetry/rejected",
      id: "listRejectedEvents",
      summary: "List refused events as they were sent, from new to old",
      access: "telemetry:read",
      params: { package_id: PackageId },
      query: RejectedQuery,
      answers: { 200: { description: "One page.", body: Page(RejectedEvent) } },
      problems: ["not_found", "cursor_invalid"],
    },
    {
      method: "post",
      path: "/v1/apps/{package_id}/telemetry/rejected:replay",
      id: "replayRejectedEvents",
      summary: "Send rejected events again, patched or unchanged; only with a management key",
      access: "telemetry:write",
      params: { package_id: PackageId },
      body: Replay,
      answers: {
        200: { description: "The events that would be accepted or refused.", body: Replayed },
        202: { description: "The accepted events are on all in-sync replicas.", body: Replayed },
      },
      problems: ["not_found", "cursor_invalid"],
    },
    {
      method: "get",
      path: "/v1/apps/{package_id}/telemetry/erasures",
      id: "listErasures",
      summary: "List the erasures of an app, from new to old",
      access: "telemetry:erase",
      params: { package_id: PackageId },
      query: PageQuery,
      answers: { 200: { description: "One page.", body: Page(Erasure) } },
      problems: ["cursor_invalid", "not_found"],
    },
    {
      method: "get",
      path: "/v1/apps/{package_id}/telemetry/erasures/{id}",
      id: "getErasure",
      summary: "Get what became of an erasure, with the proof at its end",
      access: "telemetry:erase",
      params: { package_id: PackageId, id: Uuid },
      answers: { 200: { description: "The erasure.", body: Erasure } },
      problems: ["not_found"],
    },
    {
      method: "get",
      path: "/v1/audit",
      id: "listAuditEvents",
      summary: "List who changed what, from new to old; only with a key for every app",
      access: "audit:read",
      query: AuditQuery,
      answers: { 200: { description: "One page.", body: Page(AuditEvent) } },
      problems: ["cursor_invalid"],
    },
  ],
};
