import type { Operation } from "@mosis/http";
import { Uuid } from "@mosis/types/formats";
import { Page, PageQuery } from "@mosis/types/pages";
import {
  Delivery,
  DeliveryWithPayload,
  NewWebhook,
  Webhook,
  WebhookChange,
  WebhookWithSecret,
} from "@mosis/types/webhooks";

const path = "/v1/webhooks";
const one = { path: `${path}/{id}`, params: { id: Uuid } };
const deliveries = { path: `${path}/{id}/deliveries`, params: { id: Uuid } };
const oneDelivery = { path: `${deliveries.path}/{delivery}`, params: { id: Uuid, delivery: Uuid } };
const location = { Location: "The path of the new resource." };
const headers = { ETag: "Send it as If-Match with a change." };
const requestHeaders = { "If-Match": "The ETag of the webhook that you have read, or `*`." };
const changeProblems = ["not_found", "precondition_failed", "precondition_required"] as const;

export const webhookOperations: Operation[] = [
  {
    method: "post",
    path,
    id: "createWebhook",
    summary: "Create a webhook, which receives your events as signed requests (Standard Webhooks)",
    access: "webhooks:write",
    body: NewWebhook,
    answers: {
      201: {
        description: "The webhook with its secret, shown only once.",
        body: WebhookWithSecret,
        headers: { ...headers, ...location },
      },
    },
    problems: ["confirmation_required", "email_unverified", "state_conflict"],
  },
  {
    method: "get",
    path,
    id: "listWebhooks",
    summary: "List your webhooks without their secrets, newest first",
    access: "webhooks:read",
    query: PageQuery,
    answers: { 200: { description: "One page.", body: Page(Webhook) } },
    problems: ["cursor_invalid"],
  },
  {
    ...one,
    method: "get",
    id: "getWebhook",
    summary: "Get one of your webhooks, without its secret",
    access: "webhooks:read",
    answers: { 200: { description: "The webhook.", body: Webhook, headers } },
    problems: ["not_found"],
  },
  {
    ...one,
    method: "patch",
    id: "updateWebhook",
    summary: "Change a webhook, disable it or enable it again",
    access: "webhooks:write",
    requestHeaders,
    body: WebhookChange,
    answers: { 200: { description: "The webhook as it is now.", body: Webhook, headers } },
    problems: ["confirmation_required", ...changeProblems],
  },
  {
    ...one,
    method: "delete",
    id: "deleteWebhook",
    summary: "Delete a webhook with its deliveries; pending ones are not sent",
    access: "webhooks:write",
    requestHeaders,
    answers: { 204: { description: "The webhook was deleted." } },
    problems: [...changeProblems],
  },
  {
    ...one,
    path: `${one.path}:rotate-secret`,
    method: "post",
    id: "rotateWebhookSecret",
    summary: "Make a new secret; the previous one also signs for 24 hours",
    access: "webhooks:write",
    requestHeaders,
    answers: { 200: { description: "The new secret, shown only once.", body: WebhookWithSecret, headers } },
    problems: ["confirmation_required", ...changeProblems],
  },
  {
    ...one,
    path: `${one.path}:confirm`,
    method: "post",
    id: "confirmWebhook",
    summary: "End the quarantine that a password reset has put a webhook into",
    access: "session",
    answers: { 200: { description: "The webhook, which receives events again.", body: Webhook, headers } },
    problems: ["permission_missing", "confirmation_required", "not_found"],
  },
  {
    ...one,
    path: `${one.path}:ping`,
    method: "post",
    id: "pingWebhook",
    summary: "Send an event of the type webhook.ping, whatever events the webhook asks for",
    access: "webhooks:write",
    answers: {
      202: { description: "The delivery, whose state you can read.", body: Delivery, headers: location },
    },
    problems: ["not_found", "state_conflict"],
  },
  {
    ...deliveries,
    method: "get",
    id: "listWebhookDeliveries",
    summary: "List the deliveries of a webhook in the last 14 days and the pending ones, newest first",
    access: "webhooks:read",
    query: PageQuery,
    answers: { 200: { description: "One page.", body: Page(Delivery) } },
    problems: ["not_found", "cursor_invalid"],
  },
  {
    ...oneDelivery,
    method: "get",
    id: "getWebhookDelivery",
    summary: "Get one delivery, with the event that it sends",
    access: "webhooks:read",
    answers: { 200: { description: "The delivery.", body: DeliveryWithPayload } },
    problems: ["not_found"],
  },
  {
    ...oneDelivery,
    path: `${oneDelivery.path}:redeliver`,
    method: "post",
    id: "redeliverWebhookDelivery",
    summary: "Send the same event again, with the same webhook-id",
    access: "webhooks:write",
    answers: { 202: { description: "The delivery, pending again.", body: Delivery } },
    problems: ["not_found", "state_conflict"],
  },
];
