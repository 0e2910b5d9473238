import type { Response } from "supertest";
import { approve } from "./releasing.ts";
import type { startReviews } from "./reviewing.ts";
import { newVersion, register } from "./signing.ts";
import type { Caller } from "./support.ts";

/** Every action on an app and its versions, and one that is refused. */
export async function checkReleases(
  { reviewer }: Awaited<ReturnType<typeof startReviews>>,
  ada: Caller & { id: string },
  check: (id: string, answer: Response) => void,
): Promise<void> {
  const app = "/v1/apps/org.mosis.chess";
  const [key, rita] = [await register(ada), await reviewer("rita")];
  await ada.post("/v1/apps", { package_id: "org.mosis.chess", name: "Chess" }).expect(201);
  const change = { name: "Chess 2" };
  check("changeApp", await ada.patch(app, change).set("If-Match", "*"));
  check("changeApp", await ada.patch(app, change));
  check("publishApp", await ada.post(`${app}:publish`).set("If-Match", "*"));

  const list = `${app}/versions`;
  check("createVersion", await ada.post(list, newVersion(1, key)));
  check("createVersion", await ada.post(list, newVersion(1, key)));
  check("createVersion", await ada.post(list, newVersion(2, key, { signing_key: "0".repeat(64) })));
  check("createVersion", await ada.post(list, newVersion(2, key, { package_digest: "0".repeat(64) })));
  check("listVersions", await ada.get(list));
  check("listVersions", await ada.get(`${list}?cursor=x`));
  check("getVersion", await ada.get(`${list}/1`));
  check("getVersion", await ada.get(`${list}/2`));
  check("changeVersion", await ada.patch(`${list}/1`, { version_name: "one" }).set("If-Match", "*"));
  check("getPermissionDiff", await ada.get(`${list}/1/permission-diff`));
  const steps: [string, object?][] = [
    ...[["submit"], ["withdraw"], ["submit"], ["publish", { rollout_percent: 5 }]],
    ...[["rollout", { rollout_percent: 50 }], ["halt", { reason: "it crashes" }], ["resume"], ["complete"]],
  ] as [string, object?][];
  for (const [action, body] of steps) {
    if (action === "publish") await approve(rita, "org.mosis.chess");
    check(`${action}Version`, await ada.post(`${list}/1:${action}`, body).set("If-Match", "*"));
    check(`${action}Version`, await ada.post(`${list}/1:${action}`, body));
  }
  check("deleteVersion", await ada.delete(`${list}/1`).set("If-Match", "*"));
  await ada.post(list, newVersion(2, key)).expect(201);
  check("deleteVersion", await ada.delete(`${list}/2`).set("If-Match", "*"));

  const other = await register(ada);
  const rotation = { signing_key: other.fingerprint };
  check("rotateSigningKey", await ada.post(`${app}:rotate-signing-key`, rotation).set("If-Match", "*"));
  for (const action of ["publish", "suspend", "restore", "suspend"]) {
    check(`${action}App`, await ada.post(`${app}:${action}`, {}).set("If-Match", "*"));
  }
  check("yankVersion", await ada.post(`${list}/1:yank`, { reason: "it crashes" }).set("If-Match", "*"));
  check("deleteApp", await ada.delete(app));
  check("deleteApp", await ada.delete(app).set("If-Match", "*"));
}
