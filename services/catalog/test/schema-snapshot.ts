import { many, type Queryable, sql } from "@mosis/postgres";
import Type from "typebox";

const Row = Type.Object({ about: Type.String(), definition: Type.String() });

/**
 * Everything of the schema `public` that a migration can make, as PostgreSQL itself writes it down: columns
 * with type, default and null, constraints, indexes, sequences, functions, triggers and storage settings.
 */
export async function schemaSnapshot(db: Queryable): Promise<string[]> {
  const rows = await many(
    db,
    Row,
    sql`
      with tables as (
        select oid, relname, relkind, reloptions from pg_class
        where relnamespace = 'public'::regnamespace and relkind in ('r', 'S', 'v', 'm')
          and relname !~ '^(schema_migrations|pgmigrations)'
      )
      select 'relation ' || relname as about, 
               relkind::text || ' ' || coalesce(reloptions::text, '') as definition
      from tables
      union all
      select 'column ' || relname || '.' || attname,
             rank() over (partition by attrelid order by attnum) || ' ' || format_type(atttypid, atttypmod)
               || case when attnotnull then ' not null' else '' end
               || coalesce(' default ' || pg_get_expr(adbin, adrelid), '')
               || ' ' || attgenerated::text || attidentity::text
      from tables join pg_attribute on attrelid = tables.oid and attnum > 0 and not attisdropped
           left join pg_attrdef on adrelid = attrelid and adnum = attnum
      where relkind <> 'S'
      union all
      select 'constraint ' || relname || '.' || conname, pg_get_constraintdef(pg_constraint.oid)
      from tables join pg_constraint on conrelid = tables.oid
      union all
      select 'index ' || indexrelid::regclass::text, pg_get_indexdef(indexrelid)
      from tables join pg_index on indrelid = tables.oid
      union all
      select 'trigger ' || relname || '.' || tgname, pg_get_triggerdef(pg_trigger.oid)
      from tables join pg_trigger on tgrelid = tables.oid and not tgisinternal
      union all
      select 'function ' || proname, pg_get_functiondef(oid)
      from pg_proc where pronamespace = 'public'::regnamespace
      union all
      select 'type ' || typname, typtype::text
      from pg_type where typnamespace = 'public'::regnamespace and typrelid = 0 and typelem = 0
      order by 1, 2`,
  );
  return rows.map(({ about, definition }) => `${about}: ${definition}`);
}
