import assert from "node:assert/strict";
import { test } from "node:test";
import { splitStatements } from "./migration-file.ts";

test("statements end at semicolons outside of texts, names and comments", () => {
  const text = `
    -- first; not the end
    select 'a;b''c;\\'d;', "e;f", \`g;h\` /* i; j */;
    ;
    -- only a comment; nothing to run
    ;
    select 2`;
  const statements = splitStatements(text);
  assert.equal(statements.length, 2);
  assert.match(statements[0] ?? "", /^-- first; not the end\n\s+select 'a;b.*\/\* i; j \*\/$/s);
  assert.equal(statements[1], "select 2");
});
