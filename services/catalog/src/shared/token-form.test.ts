import assert from "node:assert/strict";
import { test } from "node:test";
import { isToken, newToken } from "./token-form.ts";

test("a token is told from what was made up, cut or mistyped by its checksum", () => {
  const token = newToken("ms_live_");
  assert.match(token, /^ms_live_[\w-]{43}[0-9A-Za-z]{6}$/);
  assert.ok(isToken("ms_live_", token));
  assert.ok(!isToken("ma_live_", token));
  const changed = token.replace(/.(?=.{20}$)/, (it) => (it === "a" ? "b" : "a"));
  const wrong = ["", "ms_live_", token.slice(0, -1), `${token}x`, token.slice(0, -6), changed, ` ${token}`];
  for (const text of wrong) assert.ok(!isToken("ms_live_", text), text);
});
