import type { Response } from "express";

interface Page {
  data: object[];
  page: { next_cursor: string | null; has_more: boolean };
  [more: string]: unknown;
}

/** Answers with a page of a list, and a link to the next page (RFC 8288). */
export function sendPage(res: Response, page: Page): void {
  const { next_cursor: cursor } = page.page;
  if (cursor !== null) {
    const [path = "", ...query] = res.req.originalUrl.split("?");
    // A query may contain more question marks.
    const next = new URLSearchParams(query.join("?"));
    next.set("cursor", cursor);
    res.setHeader("Link", `<${path}?${next.toString()}>; rel="next"`);
  }
  res.json(page);
}
