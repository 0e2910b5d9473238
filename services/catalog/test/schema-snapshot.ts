import { many, type Queryable, type Sql, sql } from "@mosis/postgres";
import Type from "typebox";

const Row = Type.Object({ about: Type.String(), definition: Type.String() });

/**
 * Everything of the schema `public` that a migration can make, as PostgreSQL itself writes it down: relations
 * with their storage settings and row security, views, columns with type, default and null, constraints,
 * indexes, sequences, policies, triggers, functions, types, statistics, rights, comments, and extensions. Not
 * roles: they belong to the server.
 */
export async function schemaSnapshot(db: Queryable): Promise<string[]> {
  const all = kinds().reduce((one, more) => sql`${one} union all ${more}`);
  const rows = await many(db, Row, sql`${subjects()} ${all} order by 1, 2`);
  return rows.map(({ about, definition }) => `${about}: ${definition}`);
}

/** Each gives `about` and `definition`. */
function kinds(): Sql[] {
  return [
    relations(),
    views(),
    columns(),
    sequences(),
    constraints(),
    indexes(),
    policies(),
    triggers(),
    rules(),
    functions(),
    types(),
    statistics(),
    extensions(),
    rights(),
    comments(),
  ];
}

/** What the kinds are read from: our tables, functions, and the rights on both. */
function subjects(): Sql {
  return sql`
    with tables as (
      select oid, relname, relkind, reloptions, relrowsecurity, relforcerowsecurity, relowner, relacl
      from pg_class
      where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'S', 'v', 'm', 'f')
        and relname !~ '^(schema_migrations|schema_routines|pgmigrations)'
    ), functions as (
      select oid, proname, proowner, proacl, prokind from pg_proc
      where pronamespace = 'public'::regnamespace and not ${ofExtension("pg_proc")}
    ), rights as (
      select relname as name,
             coalesce(relacl, acldefault(case when relkind = 'S' then 's' else 'r' end::"char", relowner))
               as rights
      from tables
      union all
      select relname || '.' || attname, attacl
      from tables join pg_attribute on attrelid = tables.oid and attacl is not null
      union all
      select oid::regprocedure::text, coalesce(proacl, acldefault('f', proowner)) from functions
    )`;
}

function relations(): Sql {
  return sql`
    select 'relation ' || relname as about,
           relkind::text || ' ' || coalesce(reloptions::text, '') || ' ' || pg_get_userbyid(relowner)
             || case when relrowsecurity then ' row security' else '' end
             || case when relforcerowsecurity then ' forced' else '' end as definition
    from tables`;
}

function views(): Sql {
  return sql`
    select 'view ' || relname, pg_get_viewdef(oid) from tables where relkind in ('v', 'm')`;
}

function columns(): Sql {
  return sql`
    select 'column ' || relname || '.' || attname,
           rank() over (partition by attrelid order by attnum) || ' ' || format_type(atttypid, atttypmod)
             || case when attnotnull then ' not null' else '' end
             || coalesce(' default ' || pg_get_expr(adbin, adrelid), '')
             || ' ' || attgenerated::text || attidentity::text || coalesce(attoptions::text, '')
             || attstorage::text || attcompression::text || coalesce(' statistics ' || attstattarget, '')
    from tables join pg_attribute on attrelid = tables.oid and attnum > 0 and not attisdropped
         left join pg_attrdef on adrelid = attrelid and adnum = attnum
    where relkind <> 'S'`;
}

function sequences(): Sql {
  return sql`
    select 'sequence ' || relname,
           format('%s %s %s %s %s %s', seqtypid::regtype, seqstart, seqincrement, seqmax, seqmin, seqcycle)
    from tables join pg_sequence on seqrelid = tables.oid`;
}

function constraints(): Sql {
  return sql`
    select 'constraint ' || relname || '.' || conname, pg_get_constraintdef(pg_constraint.oid)
    from tables join pg_constraint on conrelid = tables.oid`;
}

function indexes(): Sql {
  return sql`
    select 'index ' || indexrelid::regclass::text,
           pg_get_indexdef(indexrelid) || case when indisvalid then '' else ' invalid' end
    from tables join pg_index on indrelid = tables.oid`;
}

function policies(): Sql {
  return sql`
    select 'policy ' || relname || '.' || polname,
           format('%s %s %s using %s check %s', polcmd, polpermissive,
                  (select string_agg(case role when 0 then 'public' else pg_get_userbyid(role) end, ', ')
                   from unnest(polroles) as role),
                  pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid))
    from tables join pg_policy on polrelid = tables.oid`;
}

function triggers(): Sql {
  return sql`
    select 'trigger ' || relname || '.' || tgname,
           pg_get_triggerdef(pg_trigger.oid) || ' ' || tgenabled::text
    from tables join pg_trigger on tgrelid = tables.oid and not tgisinternal`;
}

function rules(): Sql {
  return sql`
    select 'rule ' || relname || '.' || rulename, pg_get_ruledef(pg_rewrite.oid)
    from tables join pg_rewrite on ev_class = tables.oid and rulename <> '_RETURN'`;
}

function functions(): Sql {
  return sql`
    select 'function ' || oid::regprocedure::text,
           case when prokind = 'a' then 'aggregate' else pg_get_functiondef(oid) end
             || ' ' || pg_get_userbyid(proowner)
    from functions`;
}

function types(): Sql {
  return sql`
    select 'type ' || typname, typtype::text || coalesce(
      ' ' || (select string_agg(enumlabel, ', ' order by enumsortorder) from pg_enum
              where enumtypid = pg_type.oid), '')
    from pg_type
    where typnamespace = 'public'::regnamespace and typrelid = 0 and typelem = 0
      and not ${ofExtension("pg_type")}`;
}

function statistics(): Sql {
  return sql`
    select 'statistics ' || stxname, pg_get_statisticsobjdef(oid) from pg_statistic_ext`;
}

function extensions(): Sql {
  return sql`
    select 'extension ' || extname, extversion from pg_extension where extname <> 'plpgsql'`;
}

function rights(): Sql {
  return sql`
    select 'right ' || name || ' of '
             || case grantee when 0 then 'public' else pg_get_userbyid(grantee) end,
           privilege_type || case when is_grantable then ' with grant option' else '' end
    from rights, aclexplode(rights)`;
}

function comments(): Sql {
  return sql`
    select 'comment ' || pg_describe_object(classoid, objoid, objsubid), description
    from pg_description
    where (classoid, objoid) in (
      select 'pg_class'::regclass::oid, oid from tables
      union all select 'pg_class'::regclass, indexrelid from tables join pg_index on indrelid = tables.oid
      union all select 'pg_proc'::regclass, oid from functions
      union all select 'pg_constraint'::regclass, oid from pg_constraint
                where conrelid in (select oid from tables)
      union all select 'pg_policy'::regclass, oid from pg_policy
                where polrelid in (select oid from tables)
      union all select 'pg_trigger'::regclass, oid from pg_trigger
                where tgrelid in (select oid from tables))`;
}

/** What an extension made is told by the extension. */
function ofExtension(table: "pg_proc" | "pg_type") {
  const oid = table === "pg_proc" ? sql`pg_proc.oid` : sql`pg_type.oid`;
  return sql`exists (select from pg_depend where objid = ${oid} and deptype = 'e')`;
}
