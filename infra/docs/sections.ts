/**
 * Fills the marked sections of a document.
 * @param sections The text of each section by its name.
 * @returns the names of the sections that the document has, and its new text.
 * @throws Error for a section that nothing makes, and for a mark without its other half.
 */
export function fillSections(
  document: string,
  sections: ReadonlyMap<string, string>,
): { names: string[]; text: string } {
  const names: string[] = [];
  const lines: string[] = [];
  let open: string | null = null;
  for (const line of document.split("\n")) {
    const [, slash, name] = /^<!-- (\/?)docs:([\w-]+) -->$/.exec(line) ?? [];
    if (name === undefined) {
      if (open === null) lines.push(line);
    } else if (slash === "") {
      const section = sections.get(name);
      if (open !== null) throw new Error(`The section ${open} does not end before ${name} begins`);
      if (section === undefined) throw new Error(`Nothing makes the section ${name}`);
      names.push(name);
      lines.push(line, section);
      open = name;
    } else {
      if (open !== name) throw new Error(`The section ${name} ends, but has not begun`);
      lines.push(line);
      open = null;
    }
  }
  if (open !== null) throw new Error(`The section ${open} does not end`);
  return { names, text: lines.join("\n") };
}

/** Returns a table in Markdown. A `|` in a cell does not end the cell. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const [first, ...others] = [head, ...rows].map(
    (cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`,
  );
  return [first, `|${"---|".repeat(head.length)}`, ...others].join("\n");
}
