import createClient from "openapi-fetch";
import type { paths as Catalog } from "../generated/openapi-typescript/catalog";
import type { paths as Ingest } from "../generated/openapi-typescript/ingest";
import type { paths as Query } from "../generated/openapi-typescript/query";
import { dataOf, event, type Given, password, type Seen, until } from "./story";

export async function run({ urls, word }: Given): Promise<Seen> {
  const visitor = createClient<Catalog>({ baseUrl: urls.catalog });
  const email = `${word}@example.org`;
  dataOf(await visitor.POST("/v1/developers", { body: { email, name: "Ada", password } }));
  const session = dataOf(await visitor.POST("/v1/sessions", { body: { email, password } }));
  if (!("token" in session)) throw new Error("a second factor is asked for");
  const catalog = createClient<Catalog>({
    baseUrl: urls.catalog,
    headers: { authorization: `Bearer ${session.token}` },
  });

  const made = { package_id: `org.${word}.chess`, name: "Chess" };
  const created = dataOf(await catalog.POST("/v1/apps", { body: made }));
  const path = { package_id: created.package_id };
  const app = dataOf(await catalog.GET("/v1/apps/{package_id}", { params: { path } }));
  const missing = await catalog.GET("/v1/apps/{package_id}", {
    params: { path: { package_id: "org.nobody.here" } },
  });
  const refusal = missing.error?.code ?? "none";
  const key = dataOf(
    await catalog.POST("/v1/keys", {
      body: { name: "Phones", kind: "ingest", package_ids: [app.package_id] },
    }),
  );

  const headers = { authorization: `Bearer ${key.secret}` };
  const ingest = createClient<Ingest>({ baseUrl: urls.ingest, headers });
  const batch_id = crypto.randomUUID();
  const events = [{ ...event, event_id: crypto.randomUUID(), time: Date.now() }];
  const { accepted } = await until("the key", async () => {
    const answer = await ingest.POST("/v1/telemetry/batches", { body: { batch_id, events } });
    return answer.response.status === 401 ? undefined : dataOf(answer);
  });
  const query = createClient<Query>({ baseUrl: urls.query, headers });
  const receipt = await until("the receipt", async () => {
    const answer = await query.GET("/v1/telemetry/batches/{batch_id}", { params: { path: { batch_id } } });
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
