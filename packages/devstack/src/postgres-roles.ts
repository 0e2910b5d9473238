// The roles that may log in to PostgreSQL: a superuser that only this file uses, and the owner of the
// catalog's database, which is enough for services, tests and people.
import { Client, DatabaseError, escapeIdentifier, escapeLiteral } from "pg";
import type { Passwords } from "./passwords.ts";
import { StackError } from "./server.ts";

export const superuser = "postgres";
/**
 * The owner of the database and of everything in it. It may make databases and roles, and is no superuser.
 */
const owner = { user: "mosis", database: "mosis" } as const;

/**
 * The rights of the owner beyond its own objects: end sessions of the roles that it has made, see what they
 * wait for, and ask for a checkpoint before something is measured. None of them reads a file or runs a
 * program.
 */
const ownerIsMemberOf = ["pg_signal_backend", "pg_read_all_stats", "pg_checkpoint"];

interface Server {
  port: number;
  passwords: Passwords;
}

/** Returns the URL of the catalog's database for its owner. */
export function ownerUrl({ port, passwords }: Server): string {
  return `postgres://${owner.user}:${passwords[owner.user]}@127.0.0.1:${port}/${owner.database}`;
}

/**
 * Makes the owner and its database where they are missing, and upgrades a cluster whose owner was the
 * superuser.
 * @returns false when the server does not answer yet.
 * @throws StackError when the passwords of the folder are not those of the cluster.
 */
export async function prepareRoles(server: Server): Promise<boolean> {
  let client = await connectAs(server, superuser, server.passwords[superuser]);
  if (client === "refused") {
    if (!(await upgradeFromSuperuser(server))) return false;
    client = await connectAs(server, superuser, server.passwords[superuser]);
  }
  if (client === "away" || client === "refused") return false;
  try {
    await ensureOwner(client, server.passwords);
    await ensureOwnership(client, server);
  } finally {
    await client.end();
  }
  return true;
}

async function ensureOwner(client: Client, passwords: Passwords): Promise<void> {
  const { rowCount } = await client.query("select from pg_roles where rolname = $1", [owner.user]);
  if (rowCount === 0) await client.query(`create role ${owner.user}`);
  await client.query(`
    alter role ${owner.user} with login createdb createrole nosuperuser noreplication nobypassrls
      password ${escapeLiteral(passwords[owner.user])};
    grant ${ownerIsMemberOf.join(", ")} to ${owner.user};
    drop role if exists ${upgrader}`);
  // The owner may change the roles that it makes; for roles that a superuser made before, it has to get that
  // right.
  const roles = await client.query<{ rolname: string }>(
    `select rolname from pg_roles where rolname like 'mosis\\_%'
      and not exists (select from pg_auth_members where roleid = pg_roles.oid and admin_option
        and member = (select oid from pg_roles where rolname = $1))`,
    [owner.user],
  );
  for (const { rolname } of roles.rows) {
    await client.query(
      `grant ${escapeIdentifier(rolname)} to ${owner.user} with admin true, inherit false, set false`,
    );
  }
}

/** Gives the owner its database, and the objects that a superuser has made in a database of ours so far. */
async function ensureOwnership(client: Client, server: Server): Promise<void> {
  const { rows } = await client.query<{ datname: string; owner: string }>(
    "select datname, pg_get_userbyid(datdba) as owner from pg_database where not datistemplate",
  );
  if (!rows.some(({ datname }) => datname === owner.database)) {
    await client.query(`create database ${owner.database} owner ${owner.user}`);
  }
  for (const { datname } of rows.filter((row) => row.owner === superuser && row.datname !== "postgres")) {
    const inside = await connectAs(server, superuser, server.passwords[superuser], datname);
    if (typeof inside === "string") throw new StackError(`PostgreSQL does not let us into ${datname}.`);
    try {
      await inside.query(giveObjects);
      await inside.query(`alter database ${escapeIdentifier(datname)} owner to ${owner.user}`);
    } finally {
      await inside.end();
    }
  }
}

/**
 * Sequences and indexes follow their tables. An extension stays the superuser's, which matters only for
 * dropping it. `reassign owned` refuses the bootstrap superuser.
 */
const giveObjects = `
  do $$
  declare statement text;
  begin
    for statement in
      with ours as (
        select oid, nspname from pg_namespace
        where nspname !~ '^pg_' and nspname <> 'information_schema'
      ), free as (
        -- What belongs to an extension stays with it.
        select classid, objid from pg_depend where deptype = 'e'
      )
      select format('alter %s %s owner to ${owner.user}', case relkind
          when 'v' then 'view' when 'm' then 'materialized view' else 'table' end, c.oid::regclass)
        from pg_class c join ours on ours.oid = relnamespace
        where relkind in ('r', 'p', 'v', 'm')
          and (('pg_class'::regclass)::oid, c.oid) not in (select * from free)
      union all
      select format('alter sequence %s owner to ${owner.user}', c.oid::regclass)
        from pg_class c join ours on ours.oid = relnamespace
        where relkind = 'S' and not exists (
          select from pg_depend where objid = c.oid and deptype in ('a', 'i') and refobjsubid > 0)
      union all
      select format('alter routine %s owner to ${owner.user}', p.oid::regprocedure)
        from pg_proc p join ours on ours.oid = pronamespace
        where (('pg_proc'::regclass)::oid, p.oid) not in (select * from free)
      union all
      select format('alter type %s owner to ${owner.user}', t.oid::regtype)
        from pg_type t join ours on ours.oid = typnamespace
        where (typtype in ('e', 'd') or (typtype = 'c' and exists (
            select from pg_class where oid = typrelid and relkind = 'c')))
          and (('pg_type'::regclass)::oid, t.oid) not in (select * from free)
      union all
      select format('alter schema %I owner to ${owner.user}', nspname)
        from ours where nspname <> 'public'
    loop
      execute statement;
    end loop;
  end
  $$`;

const upgrader = "mosis_upgrade";

/**
 * Upgrades a cluster of an earlier version, which had one login: the superuser `mosis` with the password
 * `mosis`. The superuser of a cluster can never become anything else, so it gets another name and a password
 * of this folder. Nobody can rename the role that they are logged in as: a second superuser does it, and is
 * dropped afterwards.
 * @throws StackError when this is no such cluster.
 */
async function upgradeFromSuperuser(server: Server): Promise<boolean> {
  const old = await connectAs(server, owner.user, "mosis");
  if (old === "away") return false;
  if (old === "refused") {
    throw new StackError(
      "passwords.json of the data folder is not that of its databases: put the right one back, " +
        "or start anew with another MOSIS_DATA_DIR.",
    );
  }
  const password = server.passwords[superuser];
  try {
    await old.query(
      `drop role if exists ${upgrader};
       create role ${upgrader} superuser login password ${escapeLiteral(password)}`,
    );
  } finally {
    await old.end();
  }
  const client = await connectAs(server, upgrader, password);
  if (typeof client === "string") return false;
  try {
    await client.query(
      `alter role ${owner.user} rename to ${superuser};
       alter role ${superuser} password ${escapeLiteral(password)}`,
    );
  } finally {
    await client.end();
  }
  return true;
}

/** @returns "away" when nothing answers yet, "refused" when the server knows no such user or password. */
async function connectAs(
  { port }: Server,
  user: string,
  password: string,
  database = "postgres",
): Promise<Client | "away" | "refused"> {
  const client = new Client({
    host: "127.0.0.1",
    port,
    user,
    password,
    database,
    connectionTimeoutMillis: 2000,
  });
  // A server that is still starting closes the connection after its answer.
  client.on("error", () => {});
  try {
    await client.connect();
    return client;
  } catch (error) {
    return error instanceof DatabaseError && error.code === "28P01" ? "refused" : "away";
  }
}
