import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { App } from "@mosis/types/apps";
import { type Catalog, createCatalog, createQuery, type Query } from "@mosis/client";
import { type Endpoints, UserError } from "../endpoints.ts";
import { allowTraffic } from "./allow-traffic.ts";
import { confirmAddress } from "./confirm-address.ts";

/** A developer that only this run uses, so that runs do not meet. */
export interface DemoAccount {
  developerId: string;
  email: string;
  apps: App[];
  /** The ingest key of each app, in the order of `apps`. */
  keys: string[];
  /** Reads receipts and the audit trail. */
  query: Query;
  catalog: Catalog;
}

const titles = (
  "chess weather notes maps radio camera recipes fitness calendar piano " +
  "budget podcast translate puzzle garden stars runner paint wallet library"
).split(" ");

/**
 * Registers a developer with `appCount` apps (at most 20) that may send as much as they can, an ingest key
 * for each, and a management key.
 */
export async function registerDemo(endpoints: Endpoints, appCount: number): Promise<DemoAccount> {
  const run = randomBytes(5).toString("hex");
  const email = `demo-${run}@example.org`;
  const password = randomBytes(18).toString("base64url");
  const visitor = createCatalog({ endpoint: endpoints.catalog });
  const developer = await visitor.createDeveloper({ email, name: `Demo ${run}`, password });
  // An account without a confirmed address could have only a few apps.
  await confirmAddress(endpoints.postgres, email);
  const catalog = visitor.as((await visitor.signIn({ email, password })).token);

  const apps: App[] = [];
  for (const title of titles.slice(0, appCount)) {
    const package_id = `org.demo${run}.${title}`;
    const name = title.charAt(0).toUpperCase() + title.slice(1);
    apps.push(await catalog.createApp({ package_id, name, category: "demo" }));
  }
  const packageIds = apps.map((app) => app.package_id);
  await allowTraffic(endpoints, packageIds);
  // The keys come last: a process that knows them knows the limits as well.
  const keys: string[] = [];
  for (const [index, package_id] of packageIds.entries()) {
    const title = titles[index] ?? "";
    const key = await catalog.createKey({ name: `${title} app`, kind: "ingest", package_ids: [package_id] });
    keys.push(key.secret);
  }
  const manager = await catalog.createKey({ name: "Demo reader", kind: "management" });
  const query = createQuery({ endpoint: endpoints.query, token: manager.secret });
  return { developerId: developer.id, email, apps, keys, query, catalog };
}

/**
 * Waits until ingest knows every key. It learns of them through Kafka, a moment after the catalog has
 * answered.
 * @returns milliseconds it took.
 */
export async function untilKeysWork(ingest: string, keys: readonly string[]): Promise<number> {
  const startedAt = performance.now();
  for (const key of keys) {
    while ((await statusOfEmptyBody(ingest, key)) === 401) {
      if (performance.now() - startedAt > 30_000) {
        throw new UserError(
          "Ingest does not know a key 30 s after the catalog has made it: is the relay running?",
        );
      }
      await sleep(50);
    }
  }
  return performance.now() - startedAt;
}

/**
 * Sends a body that is no batch and returns the status: 401 while the key is unknown, another 4xx once it is
 * known. Nothing is stored.
 */
async function statusOfEmptyBody(ingest: string, key: string): Promise<number> {
  const response = await fetch(`${ingest}/v1/telemetry/batches`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: "{}",
    signal: AbortSignal.timeout(10_000),
  });
  await response.arrayBuffer();
  return response.status;
}
