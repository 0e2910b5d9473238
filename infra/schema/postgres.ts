// Describes the PostgreSQL schema that the catalog's migrations make, as SQL that a person reads: each table
// with its columns, indexes, policies, triggers and rights. It cannot be run: it has no owners and no order.
import { many, type Queryable, type Sql, sql } from "@mosis/postgres";
import Type, { type Static } from "typebox";

const Line = Type.Object({ text: Type.String() });

const Relation = Type.Object({
  oid: Type.Integer(),
  name: Type.String(),
  kind: Type.String(),
  comment: Type.String(),
  options: Type.String(),
  /** The query of a view; empty for a table. */
  query: Type.String(),
  is_secured: Type.Boolean(),
});
type Relation = Static<typeof Relation>;

/** Returns the text of the file. */
export async function describePostgres(db: Queryable): Promise<string> {
  const relations = await many(
    db,
    Relation,
    sql`
      select oid::int, relname::text as name, relkind::text as kind,
             coalesce(obj_description(oid, 'pg_class'), '') as comment,
             coalesce(array_to_string(reloptions, ', '), '') as options,
             case when relkind = 'v' then pg_get_viewdef(oid) else '' end as query,
             relrowsecurity as is_secured
      from pg_class
      where relnamespace = 'public'::regnamespace and relkind in ('r', 'v')
        and relname !~ '^(schema_migrations|schema_routines|pgmigrations)'
      order by relkind, relname collate "C"`,
  );
  const parts: string[] = [];
  for (const relation of relations) parts.push(await describeRelation(db, relation));
  const functions = await linesOf(db, functionLines());
  const text = [header, ...parts, ...functions].join("\n\n") + "\n";
  // People write these types by their short names.
  return text
    .replaceAll("character varying", "varchar")
    .replaceAll("timestamp with time zone", "timestamptz");
}

const header =
  "-- Written by `npm run schema` from what migrate makes. Change a migration or a routine, not this.";

async function describeRelation(db: Queryable, relation: Relation): Promise<string> {
  const { oid, name, kind, comment, options, query, is_secured } = relation;
  const further = [
    ...(is_secured ? [`alter table ${name} enable row level security;`] : []),
    ...(await linesOf(db, policyLines(oid))),
    ...(await linesOf(db, triggerLines(oid))),
    ...(await linesOf(db, rightLines(oid))),
  ];
  if (kind === "v") return [`-- ${comment}`, `create view ${name} as`, query, ...further].join("\n");
  const columns = await many(db, Column, columnLines(oid));
  const constraints = await linesOf(db, constraintLines(oid));
  const inside = [
    ...columns.map(({ definition, comment: text }) => ({ text: definition, comment: text })),
    ...constraints.map((text) => ({ text, comment: "" })),
  ];
  const lines = inside.map(({ text, comment: said }, index) => {
    const comma = index < inside.length - 1 ? "," : "";
    return `  ${text}${comma}${said === "" ? "" : ` -- ${said}`}`;
  });
  const end = options === "" ? ");" : `) with (${options});`;
  const indexes = await linesOf(db, indexLines(oid));
  return [`-- ${comment}`, `create table ${name} (`, ...lines, end, ...indexes, ...further].join("\n");
}

async function linesOf(db: Queryable, query: Sql): Promise<string[]> {
  const rows = await many(db, Line, query);
  return rows.map(({ text }) => text);
}

const Column = Type.Object({ definition: Type.String(), comment: Type.String() });

function columnLines(oid: number): Sql {
  return sql`
    select attname || ' ' || format_type(atttypid, atttypmod)
             || case when attnotnull then ' not null' else '' end
             || case
                  when attidentity <> '' then ' generated always as identity'
                  when attgenerated <> '' then
                    ' generated always as (' || pg_get_expr(adbin, adrelid)
                      || case attgenerated when 's' then ') stored' else ') virtual' end
                  else coalesce(' default ' || pg_get_expr(adbin, adrelid), '')
                end as definition,
           coalesce(col_description(attrelid, attnum), '') as comment
    from pg_attribute left join pg_attrdef on adrelid = attrelid and adnum = attnum
    where attrelid = ${oid} and attnum > 0 and not attisdropped
    order by attnum`;
}

/** Returns the constraints of a table; "not null" is shown with the columns. */
function constraintLines(oid: number): Sql {
  return sql`
    select 'constraint ' || conname || ' ' || pg_get_constraintdef(oid) as text
    from pg_constraint where conrelid = ${oid} and contype not in ('n', 't')
    order by array_position(array['p', 'u', 'x', 'f', 'c'], contype::text), conname collate "C"`;
}

/** Returns the indexes of a table, except those that belong to a constraint. */
function indexLines(oid: number): Sql {
  return sql`
    select replace(pg_get_indexdef(indexrelid), ' ON public.', ' on ') || ';' as text
    from pg_index
    where indrelid = ${oid} and not exists (select from pg_constraint where conindid = indexrelid)
    order by indexrelid::regclass::text collate "C"`;
}

function policyLines(oid: number): Sql {
  return sql`
    select 'create policy ' || polname || ' on ' || polrelid::regclass || ' for '
             || case polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update'
                            when 'd' then 'delete' else 'all' end
             || ' to ' || (select string_agg(case role when 0 then 'public' else pg_get_userbyid(role) end,
                                             ', ' order by role)
                           from unnest(polroles) as role)
             || coalesce(e'\n  using (' || pg_get_expr(polqual, polrelid) || ')', '')
             || coalesce(e'\n  with check (' || pg_get_expr(polwithcheck, polrelid) || ')', '') || ';' as text
    from pg_policy where polrelid = ${oid}
    order by polname collate "C"`;
}

function triggerLines(oid: number): Sql {
  return sql`
    select replace(pg_get_triggerdef(oid), ' ON public.', ' on ') || ';' as text
    from pg_trigger where tgrelid = ${oid} and not tgisinternal
    order by tgname collate "C"`;
}

/** Returns the rights of our roles, on the table and on single columns of it. */
function rightLines(oid: number): Sql {
  return sql`
    with given as (
      select pg_get_userbyid(grantee)::text as role, lower(privilege_type) as privilege, null::text as columns
      from pg_class, aclexplode(relacl)
      where pg_class.oid = ${oid} and grantee <> relowner and grantee <> 0
      union all
      select pg_get_userbyid(grantee), lower(privilege_type), string_agg(attname, ', ' order by attnum)
      from pg_attribute, aclexplode(attacl)
      where attrelid = ${oid} and grantee <> 0
      group by grantee, privilege_type
    )
    select 'grant '
             || string_agg(privilege || coalesce(' (' || columns || ')', ''), ', '
                           order by privilege, columns)
             || ' on ' || ${oid}::oid::regclass || ' to ' || role || ';' as text
    from given group by role order by role collate "C"`;
}

function functionLines(): Sql {
  return sql`
    select '-- ' || coalesce(obj_description(oid, 'pg_proc'), '') || e'\n'
             || replace(rtrim(pg_get_functiondef(oid), e'\n'), ' FUNCTION public.', ' FUNCTION ') || ';'
             || coalesce(e'\n' || (
                  select string_agg('grant execute on function ' || proname || ' to ' || role || ';', e'\n'
                                    order by role collate "C")
                  from (select pg_get_userbyid(grantee)::text as role from aclexplode(proacl)
                        where grantee <> proowner and grantee <> 0) as given), '') as text
    from pg_proc
    where pronamespace = 'public'::regnamespace and prokind <> 'a'
      and not exists (select from pg_depend where objid = pg_proc.oid and deptype = 'e')
    order by oid::regprocedure::text collate "C"`;
}
