import assert from "node:assert/strict";
import { test } from "node:test";
import { fillSections, table } from "./sections.ts";

const sections = new Map([["codes", "| code |\n|---|\n| `not_found` |"]]);
const fill = (...lines: string[]) => fillSections(lines.join("\n"), sections);

test("a section gets what is made from code, and the prose around it stays", () => {
  const filled = fill("Before.", "<!-- docs:codes -->", "old", "rows", "<!-- /docs:codes -->", "After.");
  assert.deepEqual(filled, {
    names: ["codes"],
    text: [
      "Before.",
      "<!-- docs:codes -->",
      "| code |",
      "|---|",
      "| `not_found` |",
      "<!-- /docs:codes -->",
      "After.",
    ].join("\n"),
  });
});

test("a filled document is filled with the same again", () => {
  const { text } = fill("<!-- docs:codes -->", "<!-- /docs:codes -->", "");
  assert.equal(fillSections(text, sections).text, text);
});

test("a mark without its other half is an error, because prose would be lost", () => {
  assert.throws(() => fill("<!-- docs:codes -->", "prose"), /codes does not end/);
  assert.throws(() => fill("<!-- docs:codes -->", "<!-- docs:codes -->"), /does not end before codes/);
  assert.throws(() => fill("prose", "<!-- /docs:codes -->"), /codes ends, but has not begun/);
});

test("a section that nothing makes is an error", () => {
  assert.throws(() => fill("<!-- docs:cods -->", "<!-- /docs:cods -->"), /Nothing makes the section cods/);
});

test("a cell may contain the sign that ends a cell", () => {
  assert.equal(table(["a", "b"], [["x|y", "z"]]), "| a | b |\n|---|---|\n| x\\|y | z |");
});
