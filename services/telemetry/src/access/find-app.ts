import { problem } from "@mosis/http";
import type { AccessTable, Grant } from "./access-table.ts";

/**
 * Returns the id of an app that a key serves.
 * @throws Problem `not_found` (404), the same for an app of somebody else and for one that does not exist.
 */
export type FindApp = (grant: Grant, packageId: string) => string;

export function createFindApp(access: Pick<AccessTable, "appOf">): FindApp {
  return (grant, packageId) => {
    const app = access.appOf(grant, packageId);
    if (typeof app === "string") throw problem("not_found", "There is no such app.");
    return app.appId;
  };
}
