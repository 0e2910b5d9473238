/**
 * How a URL is written that every parser reads alike, or null when the text is that. A backslash, an empty
 * host, a full stop of another script, a control or bidi character, a port that is the default: each is read
 * in two ways by somebody, and what one of them judges the other opens. A host may be without its slash.
 */
export function otherSpelling(text: string, { href, pathname, search }: URL): string | null {
  const isBare = pathname === "/" && search === "" && `${text}/` === href;
  return text === href || isBare ? null : href;
}
