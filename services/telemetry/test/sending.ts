import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type { TestContext } from "node:test";
import type { KafkaConfig } from "@mosis/kafka";
import type { IngestOptions } from "../src/ingest.ts";
import { eventually, publishApp, startIngest, untilReady } from "./support.ts";

type Fields = Record<string, unknown>;

/** A good event with some fields changed. */
export function eventOf(changes: Fields) {
  return {
    event_id: randomUUID(),
    name: "test",
    time: Date.now(),
    properties: { a: 1 } as unknown,
    ...changes,
  };
}

export function batchOf(events: unknown[], changes: Fields = {}) {
  return { batch_id: randomUUID(), events, ...changes };
}

/** A running ingest with one app, and a way to send to it with the app's key. */
export async function openApp(t: TestContext, kafka: KafkaConfig, options: Partial<IngestOptions> = {}) {
  const { url, producer } = await startIngest(t, kafka, options);
  const published = await publishApp(producer);
  await untilReady(url);
  const send = (body: unknown, headers: Record<string, string> = {}) =>
    post(url, published.secret, body, headers);
  await eventually(async () => {
    // Not by a batch that is refused: it would be in the books.
    const headers = { authorization: `Bearer ${published.secret}` };
    assert.equal((await fetch(`${url}/v1/telemetry/config`, { headers })).status, 200);
  });
  return { ...published, url, producer, send };
}

/** The headers of a batch of lines. */
export function lineHeaders(changes: Record<string, string> = {}) {
  return { "content-type": "application/x-ndjson", "mosis-batch-id": randomUUID() as string, ...changes };
}

/** Posts a batch: bytes and text as they are, anything else as JSON. */
export function post(url: string, secret: string, body: unknown, headers: Record<string, string> = {}) {
  return postTo(`${url}/v1/telemetry/batches`, secret, body, headers);
}

/** Asks what would become of a batch. */
export function validate(url: string, secret: string, body: unknown, headers: Record<string, string> = {}) {
  return postTo(`${url}/v1/telemetry/batches:validate`, secret, body, headers);
}

function postTo(target: string, secret: string, body: unknown, headers: Record<string, string>) {
  const raw = typeof body === "string" || body instanceof Uint8Array;
  return fetch(target, {
    method: "POST",
    headers: { authorization: `Bearer ${secret}`, "content-type": "application/json", ...headers },
    body: raw ? (body as string | Uint8Array<ArrayBuffer>) : JSON.stringify(body),
  });
}
