/**
 * Returns the form of a URL that every parser reads alike, or null when the text has that form already.
 * Parsers disagree about a backslash, an empty host, a full stop of another script, a control or bidi
 * character and a default port; a URL that passes our check could open another host. The slash after a bare
 * host is optional.
 */
export function otherSpelling(text: string, { href, pathname, search }: URL): string | null {
  const isBare = pathname === "/" && search === "" && `${text}/` === href;
  return text === href || isBare ? null : href;
}
