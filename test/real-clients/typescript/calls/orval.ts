import { createApp, createDeveloper, createKey, createSession, getApp } from "../generated/orval/catalog";
import { sendTelemetryBatch } from "../generated/orval/ingest";
import { getReceipt } from "../generated/orval/query";
import { event, type Given, password, type Seen, until } from "./story";

/** Its functions contain the address that they call: orval.config.mjs has set it. */
export async function run({ word }: Omit<Given, "urls">): Promise<Seen> {
  const email = `${word}@example.org`;
  const developer = await createDeveloper({ email, name: "Ada", password });
  if (developer.status !== 201) throw new Error(developer.data.detail);
  const session = await createSession({ email, password });
  if (session.status !== 201) throw new Error(`${session.status} for a sign-in`);
  const signedIn = { headers: { authorization: `Bearer ${session.data.token}` } };

  const created = await createApp({ package_id: `org.${word}.chess`, name: "Chess" }, signedIn);
  if (created.status !== 201) throw new Error(created.data.detail);
  const app = await getApp(created.data.package_id, signedIn);
  if (app.status !== 200) throw new Error(app.data.detail);
  const missing = await getApp("org.nobody.here", signedIn);
  const refusal = missing.status === 404 ? missing.data.code : "none";
  const { package_id, name, status } = app.data;
  const key = await createKey({ name: "Phones", kind: "ingest", package_ids: [package_id] }, signedIn);
  if (key.status !== 201) throw new Error(key.data.detail);

  const withKey = { headers: { authorization: `Bearer ${key.data.secret}` } };
  const batch_id = crypto.randomUUID();
  const events = [{ ...event, event_id: crypto.randomUUID(), time: Date.now() }];
  const { accepted } = await until("the key", async () => {
    const answer = await sendTelemetryBatch({ batch_id, events }, withKey);
    if (answer.status === 202) return answer.data;
    if (answer.status === 401) return undefined;
    throw new Error(answer.data.detail);
  });
  const receipt = await until("the receipt", async () => {
    const answer = await getReceipt(batch_id, withKey);
    return answer.status === 200 && answer.data.state === "stored" ? answer.data : undefined;
  });
  return { packageId: package_id, name, status, refusal, accepted, state: receipt.state };
}
