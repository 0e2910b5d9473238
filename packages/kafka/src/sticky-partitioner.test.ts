import assert from "node:assert/strict";
import { test } from "node:test";
import { createStickyPartitioner } from "./sticky-partitioner.ts";

test("a record keeps its partition through every try of a send", () => {
  let turn = 0;
  const sticky = createStickyPartitioner(() => () => turn++);
  const choose = sticky.create();
  const ask = (message: { value: string; partition?: number }) =>
    choose({ topic: "t", partitionMetadata: [], message });
  const [first, second, third] = [{ value: "a" }, { value: "b" }, { value: "c", partition: 7 }];
  assert.equal(sticky.partitionOf(first), undefined);
  assert.deepEqual([first, second, third].map(ask), [0, 1, 7]);
  assert.deepEqual([second, third, first].map(ask), [1, 7, 0]);
  assert.deepEqual(
    [first, second, third].map((it) => sticky.partitionOf(it)),
    [0, 1, 7],
  );
});
