import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { execute, sql } from "@mosis/postgres";
import type { App } from "@mosis/types/apps";
import type { AppListing, Listing } from "@mosis/types/listings";
import type { Review } from "@mosis/types/reviews";
import { claimNext, type Developer, faults, queue, startReviews } from "./reviewing.ts";
import { assertProblem, auditTrail, type Caller } from "./support.ts";

const listings = "/v1/listings";

/** Ada's app with an approved version, which she may publish, and somebody who reviews. */
async function startApproved(t: TestContext) {
  const reviews = await startReviews(t);
  const ada = await reviews.developer("ada", "org.mosis.go", "Go");
  const rev = await reviews.reviewer("rev");
  const approve = async (code: number) => {
    await reviews.submit(ada, code);
    const { id, etag } = await claimNext(rev);
    await rev.post(`${queue}/${id}:approve`, {}).set("If-Match", etag).expect(200);
  };
  const path = `/v1/apps/${ada.packageId}`;
  const publish = async () => {
    await ada.post(`${path}/versions/1:publish`, {}).set("If-Match", "*").expect(200);
    await ada.post(`${path}:publish`).set("If-Match", "*").expect(200);
  };
  await approve(1);
  return { ...reviews, ada, rev, approve, publish, path };
}

async function rename(by: Caller, { packageId }: Developer, change: object): Promise<App> {
  const answer = await by.patch(`/v1/apps/${packageId}`, change).set("If-Match", "*");
  assert.equal(answer.status, 200, answer.text);
  return answer.body as App;
}

async function waitingListings(rev: Caller): Promise<Listing[]> {
  const { body } = await rev.get(listings).expect(200);
  return (body as { data: Listing[] }).data;
}

// INVARIANT 27
test("the name and category of a published app are others once a reviewer has approved them", async (t) => {
  const { anyone, ada, rev, publish, path, db } = await startApproved(t);
  await publish();
  const asked = await rename(ada, ada, { name: "My Bank", category: "finance", description: "A game." });
  assert.deepEqual(
    [asked.name, asked.category, asked.description, asked.pending_listing?.name],
    ["Go", null, "A game.", "My Bank"],
  );
  const shown = async () => (await anyone.get("/v1/store/apps/org.mosis.go").expect(200)).body as App;
  assert.deepEqual([(await shown()).name, (await shown()).category], ["Go", null]);

  const [waiting] = await waitingListings(rev);
  assert.ok(waiting);
  assert.deepEqual(
    [waiting.app_name, waiting.name, waiting.category, waiting.allowed_actions],
    ["Go", "My Bank", "finance", ["approve", "reject"]],
  );
  const read = await rev.get(`${listings}/${waiting.id}`).expect(200);
  const approve = (etag: string) => rev.post(`${listings}/${waiting.id}:approve`, {}).set("If-Match", etag);
  assertProblem(await rev.post(`${listings}/${waiting.id}:approve`, {}), "precondition_required");
  const { body } = await approve(read.headers["etag"] as string).expect(200);
  assert.equal((body as Listing).state, "approved");
  assertProblem(await approve("*"), "state_conflict");

  assert.deepEqual([(await shown()).name, (await shown()).category], ["My Bank", "finance"]);
  const app = (await ada.get(path)).body as App;
  assert.deepEqual([app.name, app.pending_listing], ["My Bank", null]);
  const [last] = (await auditTrail(db)).slice(-1);
  assert.deepEqual([last?.action, last?.developer_id], ["app.listing_approved", ada.id]);
  const states = await execute(
    db,
    sql`
      select from outbox
      where topic = 'catalog.apps' and payload ->> 'name' = 'My Bank' and record_key = ${app.id}`,
  );
  assert.equal(states, 1, "and telemetry is told");
});

test("a rejected name is told its developer with what to fix, and the app keeps its own", async (t) => {
  const { ada, rev, publish, path } = await startApproved(t);
  await publish();
  assertProblem(await ada.get(`${path}/listing`), "not_found");
  await rename(ada, ada, { name: "My Bank" });
  const [waiting] = await waitingListings(rev);
  const reject = (body: object) => rev.post(`${listings}/${waiting?.id}:reject`, body).set("If-Match", "*");
  assertProblem(await reject({ codes: [], notes: "no" }), "invalid_request");
  await reject({ codes: ["name_confusing"], notes: "It is no bank." }).expect(200);
  const app = (await ada.get(path)).body as App;
  assert.deepEqual([app.name, app.pending_listing], ["Go", null]);
  const last = (await ada.get(`${path}/listing`).expect(200)).body as AppListing;
  assert.deepEqual(
    [last.state, last.name, last.notes, last.faults.map(({ code }) => code)],
    ["rejected", "My Bank", "It is no bank.", ["name_confusing"]],
  );
});

// INVARIANT 27
test("a draft is not renamed between the approval of its version and its publication", async (t) => {
  const { anyone, ada, rev, publish } = await startApproved(t);
  assert.equal((await rename(ada, ada, { name: "My Bank" })).name, "Go");
  await publish();
  const { body } = await anyone.get("/v1/store/apps/org.mosis.go").expect(200);
  assert.equal((body as App).name, "Go");
  // Nor while it is out of the store, or by a version that is taken back.
  await ada.post("/v1/apps/org.mosis.go:suspend").send({}).set("If-Match", "*").expect(200);
  assert.equal((await rename(ada, ada, { name: "Your Bank" })).name, "Go");
  assert.deepEqual(
    (await waitingListings(rev)).map(({ name }) => name),
    ["Your Bank"],
  );
});

test("another proposal takes the place of the one that waits, and the old name ends it", async (t) => {
  const { ada, rev, publish } = await startApproved(t);
  await publish();
  await rename(ada, ada, { name: "My Bank" });
  const [first] = await waitingListings(rev);
  const { headers } = await rev.get(`${listings}/${first?.id}`);
  const both = await rename(ada, ada, { category: "finance" });
  assert.deepEqual([both.pending_listing?.name, both.pending_listing?.category], ["My Bank", "finance"]);
  const approve = (etag: string) => rev.post(`${listings}/${first?.id}:approve`, {}).set("If-Match", etag);
  assertProblem(await approve(headers["etag"] as string), "precondition_failed");
  assertProblem(await approve("*"), "state_conflict");
  assert.equal((await rename(ada, ada, { name: "Go", category: null })).pending_listing, null);
  assert.deepEqual(await waitingListings(rev), []);
});

test("of two decisions over one listing at once, one counts", async (t) => {
  const { ada, rev, publish, path } = await startApproved(t);
  await publish();
  for (const name of ["One", "Two", "Three"]) {
    await rename(ada, ada, { name });
    const [waiting] = await waitingListings(rev);
    const { headers } = await rev.get(`${listings}/${waiting?.id}`);
    const decide = (action: string, body: object) =>
      rev.post(`${listings}/${waiting?.id}:${action}`, body).set("If-Match", headers["etag"] as string);
    const [approved, rejected] = await Promise.all([decide("approve", {}), decide("reject", faults)]);
    assert.deepEqual(
      [approved.status, rejected.status].toSorted((a, b) => a - b),
      [200, 412],
    );
    const app = (await ada.get(path)).body as App;
    assert.equal(app.name === name, approved.status === 200);
  }
});

test("nobody decides over a name of their own, and developers see no queue", async (t) => {
  const { ada, rev, reviewer, withApp, publish, db } = await startApproved(t);
  await publish();
  await rename(ada, ada, { name: "My Bank" });
  assertProblem(await ada.get(listings), "permission_missing");
  const [waiting] = await waitingListings(rev);
  const decided = `${listings}/${waiting?.id}:approve`;
  assertProblem(await ada.post(decided, {}).set("If-Match", "*"), "permission_missing");

  const root = await withApp(await reviewer("root", "admin"), "org.mosis.root", "Root");
  await execute(db, sql`update apps set status = 'published' where package_id = 'org.mosis.root'`);
  const own = await rename(root, root, { name: "My Own Bank" });
  assert.equal(own.name, "Root", "an admin asks, too, for an app of their own");
  const path = `${listings}/${own.pending_listing?.id}`;
  assert.deepEqual(((await root.get(path).expect(200)).body as Listing).allowed_actions, []);
  assertProblem(await root.post(`${path}:approve`, {}).set("If-Match", "*"), "permission_missing");
  assert.deepEqual(
    (await waitingListings(root)).map(({ name }) => name),
    ["My Bank"],
  );
  assert.equal((await rename(root, ada, { name: "Go on" })).name, "Go on", "and renames those of others");
  assertProblem(await rev.post(decided, {}).set("If-Match", "*"), "state_conflict");
});

test("an app is renamed so many times a day", async (t) => {
  const { ada, publish, db } = await startApproved(t);
  await publish();
  await execute(
    db,
    sql`
      insert into app_listings (id, app_id, developer_id, name, state, ended_at, checks)
      select gen_random_uuid(), id, developer_id, 'n', 'withdrawn', now(), '[]'
      from apps, generate_series(1, 19)`,
  );
  await rename(ada, ada, { name: "Once" });
  const again = await ada.patch("/v1/apps/org.mosis.go", { name: "Twice" }).set("If-Match", "*");
  assertProblem(again, "quota_exceeded");
});

test("the name is compared with the store when it is judged, not only when it was submitted", async (t) => {
  const { ada, rev, publish, developer, submit, db } = await startApproved(t);
  await publish();
  const bob = await developer("bob", "org.mosis.bob", "Chess");
  await submit(bob, 1);
  const nameCheck = ({ checks }: Pick<Review, "checks">) =>
    checks.find(({ code }) => code === "name_similarity")?.result;
  const { id } = await claimNext(rev);
  const read = async () => (await rev.get(`${queue}/${id}`).expect(200)).body as Review;
  assert.equal(nameCheck(await read()), "pass");

  // Renamed while it waits: the draft is Bob's to change, and what was read before is not approved.
  const { headers } = await rev.get(`${queue}/${id}`);
  await rename(bob, bob, { name: "Gomoku Master" });
  assertProblem(
    await rev.post(`${queue}/${id}:approve`, {}).set("If-Match", headers["etag"] as string),
    "precondition_failed",
  );
  await execute(
    db,
    sql`update apps set name = 'Gomoku Masters' where id = (
    select id from apps where developer_id = ${ada.id})`,
  );
  assert.equal(nameCheck(await read()), "warn", "and another app came into the store");

  await rename(ada, ada, { name: "Chess" });
  const [waiting] = await waitingListings(rev);
  assert.equal(waiting?.checks[0]?.result, "pass");
});
