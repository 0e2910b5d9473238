export { type ColumnTypes, type NativeBlock, openBlock } from "./native-block.ts";
