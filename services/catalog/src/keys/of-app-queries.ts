// What becomes of keys with an app that they serve.
import { execute, many, type Queryable, sql } from "@mosis/postgres";
import { Uuid } from "@mosis/types/formats";
import { Key } from "@mosis/types/keys";
import Type from "typebox";
import { keyColumns } from "./queries.ts";

/** The keys that serve an app, until the end of the transaction nobody else's to change. */
export function lockKeysOfApp(tx: Queryable, appId: string) {
  return execute(
    tx,
    sql`
      select from api_keys where id in (select key_id from api_key_apps where app_id = ${appId})
      order by id for update`,
  );
}

/** The keys that serve this app alone are gone. Gives them as they were. */
export function deleteKeysOfApp(tx: Queryable, appId: string) {
  return many(
    tx,
    Key,
    sql`
      delete from api_keys
      where id in (select key_id from api_key_apps where app_id = ${appId})
        and not exists (select from api_key_apps where key_id = api_keys.id and app_id <> ${appId})
      returning ${keyColumns}`,
  );
}

const KeyIdRow = Type.Object({ key_id: Uuid });

/** No key serves this app any more. Gives which ones did, beside other apps. */
export function deleteAppOfKeys(tx: Queryable, appId: string) {
  return many(tx, KeyIdRow, sql`delete from api_key_apps where app_id = ${appId} returning key_id`);
}
