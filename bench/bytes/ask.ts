// Uses ClickHouse's own HTTP interface with the format JSON, the only one that reports what a query read. It
// does not use fetch, which gives up after five minutes without an answer; an insert of all events may take
// longer.
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { text } from "node:stream/consumers";

export interface Asked {
  data: Record<string, unknown>[];
  statistics: { elapsed: number; rows_read: number; bytes_read: number };
}

const timeoutMs = 1_800_000;

/**
 * Runs one statement.
 * @param url with credentials and database.
 * @param params values of `{name:Type}` in the SQL.
 * @throws Error with ClickHouse's message when it refuses.
 */
export async function ask(url: string, sql: string, params: Record<string, string> = {}): Promise<Asked> {
  const { origin, username, password, pathname } = new URL(url);
  const query = new URLSearchParams({
    database: pathname.slice(1) || "mosis",
    default_format: "JSON",
    wait_end_of_query: "1",
    max_threads: "2",
    // A second run must read the same rows as the first.
    use_query_condition_cache: "0",
    ...Object.fromEntries(Object.entries(params).map(([name, value]) => [`param_${name}`, value])),
  });
  const credentials = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`);
  const post = request(`${origin}/?${query.toString()}`, {
    method: "POST",
    headers: { authorization: `Basic ${credentials.toString("base64")}` },
    signal: AbortSignal.timeout(timeoutMs),
  });
  post.end(sql);
  const [response] = (await once(post, "response")) as [IncomingMessage];
  const answer = await text(response);
  if (response.statusCode !== 200) throw new Error(`ClickHouse refused: ${answer.slice(0, 2000)}`);
  const nothing: Asked = { data: [], statistics: { elapsed: 0, rows_read: 0, bytes_read: 0 } };
  return answer === "" ? nothing : (JSON.parse(answer) as Asked);
}
