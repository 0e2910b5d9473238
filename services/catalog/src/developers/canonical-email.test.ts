import assert from "node:assert/strict";
import { test } from "node:test";
import { canonicalEmail } from "./canonical-email.ts";

test("every spelling of one mailbox is one address", () => {
  const spellings = [
    "ada@münchen.example",
    "ada@mu\u0308nchen.example",
    "ada@xn--mnchen-3ya.example",
    "ada@MÜNCHEN.example",
    "ada@ｍünchen.example",
    "ada@ⓜünchen.example",
    "ada@mün\u00adchen.example",
    "ada@münchen。example",
  ];
  for (const one of spellings) assert.equal(canonicalEmail(one), "ada@xn--mnchen-3ya.example", one);
  assert.equal(canonicalEmail("jose\u0301@x.example"), "josé@x.example");
  for (const good of ["Ada+tag@x.example", "o'brien@x.example", "a.b_c-d@sub.x.example"]) {
    assert.equal(canonicalEmail(good), good);
  }
});

test("what is no mailbox, or another in disguise, is no address", () => {
  const wrong = [
    "v<m@x.example>",
    "a@x.example,b",
    "a,b@x.example",
    '"a b"@x.example',
    "a@b@x.example",
    "@x.example",
    "ａda@x.example",
    "ⓐda@x.example",
    "a\u00adda@x.example",
    "a\u200bda@x.example",
    "a\u202eda@x.example",
    ".a@x.example",
    "a.@x.example",
    "a..b@x.example",
    "a(b)@x.example",
    "a;b@x.example",
    "a b@x.example",
    "a@x",
    "a@",
    "a",
    "",
    "a@127.0.0.1",
    "a@[127.0.0.1]",
    "a@x..example",
    `${"a".repeat(65)}@x.example`,
    `${"é".repeat(33)}@x.example`,
    "a@-x.example",
    "a@x_y.example",
    "a\ud83d@x.example",
    `${"a".repeat(250)}@x.example`,
    `a@${"x".repeat(64)}.example`,
    "a@x.example\n",
  ];
  for (const one of wrong) assert.equal(canonicalEmail(one), null, JSON.stringify(one));
});
