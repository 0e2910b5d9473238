import assert from "node:assert/strict";
import { test } from "node:test";
import { putApp } from "./published.ts";
import { startCatalog } from "./support.ts";

test("a query with a second question mark is linked to whole", async (t) => {
  const { anyone, db } = await startCatalog(t);
  for (const end of ["a", "b", "c"]) await putApp(db, { package_id: `org.mosis.${end}`, name: "Chess" });
  const { headers } = await anyone.get("/v1/search/apps?q=chess?&limit=1").expect(200);
  const next = /^<(.+)>; rel="next"$/.exec(headers["link"] ?? "")?.[1] ?? "";
  const { searchParams } = new URL(next, "http://127.0.0.1");
  assert.deepEqual([searchParams.get("q"), searchParams.get("limit")], ["chess?", "1"]);
  const second = (await anyone.get(next).expect(200)).body as { data: object[] };
  assert.equal(second.data.length, 1);
});
