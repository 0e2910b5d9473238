import * as catalog from "../generated/hey-api/catalog";
import { createClient as createCatalogClient } from "../generated/hey-api/catalog/client";
import * as ingest from "../generated/hey-api/ingest";
import { createClient as createIngestClient } from "../generated/hey-api/ingest/client";
import * as query from "../generated/hey-api/query";
import { createClient as createQueryClient } from "../generated/hey-api/query/client";
import { dataOf, event, type Given, password, type Seen, until } from "./story";

export async function run({ urls, word }: Given): Promise<Seen> {
  const visitor = createCatalogClient({ baseUrl: urls.catalog });
  const email = `${word}@example.org`;
  dataOf(await catalog.createDeveloper({ client: visitor, body: { email, name: "Ada", password } }));
  const session = dataOf(await catalog.createSession({ client: visitor, body: { email, password } }));
  if (!("token" in session)) throw new Error("a second factor is asked for");
  const client = createCatalogClient({ baseUrl: urls.catalog, auth: session.token });

  const body = { package_id: `org.${word}.chess`, name: "Chess" };
  const created = dataOf(await catalog.createApp({ client, body }));
  const app = dataOf(await catalog.getApp({ client, path: { package_id: created.package_id } }));
  const missing = await catalog.getApp({ client, path: { package_id: "org.nobody.here" } });
  const refusal = missing.error?.code ?? "none";
  const key = dataOf(
    await catalog.createKey({
      client,
      body: { name: "Phones", kind: "ingest", package_ids: [app.package_id] },
    }),
  );

  const sender = createIngestClient({ baseUrl: urls.ingest, auth: key.secret });
  const batch_id = crypto.randomUUID();
  const events = [{ ...event, event_id: crypto.randomUUID(), time: Date.now() }];
  const { accepted } = await until("the key", async () => {
    const answer = await ingest.sendTelemetryBatch({ client: sender, body: { batch_id, events } });
    return answer.response?.status === 401 ? undefined : dataOf(answer);
  });
  const reader = createQueryClient({ baseUrl: urls.query, auth: key.secret });
  const receipt = await until("the receipt", async () => {
    const answer = await query.getReceipt({ client: reader, path: { batch_id } });
    return answer.data?.state === "stored" ? answer.data : undefined;
  });
  return {
    packageId: app.package_id,
    name: app.name,
    status: app.status,
    refusal,
    accepted,
    state: receipt.state,
  };
}
