import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Platform } from "./platform.ts";
import type { Settings } from "./settings.ts";

/**
 * Returns the text that a person sees when everything is ready: the addresses, and three commands to try
 * next.
 */
export function welcome({ endpoints, others }: Platform, settings: Settings, seconds: string): string {
  const rows = [
    ["catalog", endpoints.catalog, "developers, sessions, apps, keys; /docs"],
    ["ingest", endpoints.ingest, "telemetry from apps; /docs"],
    ["query", endpoints.query, "receipts, audit trail; /docs"],
    ["relay", others.relay, "outbox to Kafka; /readyz, /metrics"],
    ["webhooks", others.webhooks, "outbox to receivers; /readyz, /metrics"],
    ["writer", others.writer, "Kafka to ClickHouse; /readyz, /metrics"],
    ["PostgreSQL", withoutPassword(endpoints.postgres), "the catalog's store"],
    ...sqlRows(endpoints),
    ["Kafka", endpoints.kafka, "the log between them"],
    ["mails", mailsOf(settings.mailUrl), "to developers, whose addresses they confirm"],
  ];
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map(([name = "", url = "", what = ""]) =>
    `  ${name.padEnd(widths[0] ?? 0)}  ${url.padEnd(widths[1] ?? 0)}  ${what}`.trimEnd(),
  );
  const file = join(settings.dataDir, "endpoints.json");
  return `
Ready after ${seconds} s. The same as JSON, with the logins: ${file}

${lines.join("\n")}

Try next, in another terminal:

  npm run demo
  npm run sql -- "${settings.selfTelemetry ? ownEvents : "show tables"}"
  curl -s ${endpoints.catalog}/v1/developers -H 'content-type: application/json' \\
    -d '{"email":"ada@example.org","name":"Ada","password":"correct horse battery"}'

Ctrl-C stops everything; the next start finds its data again.
`;
}

/** Returns the rows about SQL for people: they use the analyst, whose password is in the file. */
function sqlRows({ analyst, clickhouse }: Platform["endpoints"]): string[][] {
  if (analyst === null) return [["ClickHouse", withoutPassword(clickhouse), "SQL over telemetry"]];
  const { http, native, user, database } = analyst;
  return [
    ["ClickHouse", withoutPassword(http), `SQL over telemetry by HTTP: database ${database}, user ${user}`],
    ["", native, "the same for ClickHouse's own clients and drivers"],
  ];
}

/** Returns the destination of mails, but never the URL of a server: it may contain a password. */
function mailsOf(mailUrl: string): string {
  return mailUrl.startsWith("file:") ? fileURLToPath(mailUrl) : new URL(mailUrl).host;
}

/** Removes the password: printed texts end up in logs and on screens, so the logins are only in the file. */
function withoutPassword(url: string): string {
  return `${new URL(url).protocol}//${new URL(url).host}`;
}

/** Selects the platform's own events: real ones from the first minute. */
const ownEvents = `
    select name, properties['service'] as service, count() as events, max(event_time) as last
    from events group by all order by events desc limit 10`;
