import type { ApiDescription } from "@mosis/http";
import { AuditEvent, AuditQuery } from "@mosis/types/audit";
import { Uuid } from "@mosis/types/formats";
import { Page } from "@mosis/types/pages";
import { Receipt } from "@mosis/types/telemetry";

/** What `/openapi.json` of query tells. */
export const queryApi: ApiDescription = {
  title: "Mosis telemetry query",
  version: "1",
  description:
    "Receipts of telemetry batches and the audit trail. Takes keys, not the tokens of sessions. Errors are " +
    "application/problem+json (RFC 9457) with a code of a closed list. What is not yours answers like what " +
    "does not exist.",
  schemas: { AuditEvent, Receipt },
  operations: [
    {
      method: "get",
      path: "/v1/telemetry/batches/{batch_id}",
      id: "getReceipt",
      summary: "What has become of a batch",
      access: "telemetry:write or telemetry:read",
      params: { batch_id: Uuid },
      answers: { 200: { description: "The receipt.", body: Receipt } },
      problems: ["not_found"],
    },
    {
      method: "get",
      path: "/v1/audit",
      id: "listAuditEvents",
      summary: "Who changed what, from new to old; with a key for every app alone",
      access: "audit:read",
      query: AuditQuery,
      answers: { 200: { description: "One page.", body: Page(AuditEvent) } },
      problems: ["cursor_invalid"],
    },
  ],
};
