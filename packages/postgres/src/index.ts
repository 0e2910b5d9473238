export type { Queryable, SlowQuery } from "./connection.ts";
export type { Cell, Copy } from "./copy.ts";
export { isDuplicate, isOrphan } from "./failure.ts";
export { migrate, type MigrateOptions } from "./migrate.ts";
export { openPool, type Pool, type PoolOptions } from "./pool.ts";
export { execute, many, maybeOne, one } from "./query.ts";
export { openSession, type Session, type SessionOptions } from "./session.ts";
export { type Sql, sql } from "./sql.ts";
export { transaction } from "./transaction.ts";
