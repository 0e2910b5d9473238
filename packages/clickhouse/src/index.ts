export {
  type ClickHouse,
  type ClickHouseConfig,
  connectionsMax,
  openClickHouse,
  type SlowQuery,
} from "./client.ts";
export { ClickHouseRefused, ClickHouseUnavailable } from "./failure.ts";
export { insertJson, insertNative, type NativeInsert } from "./insert.ts";
export { type ColumnTypes, type NativeBlock, openBlock } from "./native-block.ts";
export { analystsDatabase, migrateDown, migrateUp } from "./migrate.ts";
export { type QueryParams, select, type SelectLimits } from "./query.ts";
