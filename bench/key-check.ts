// `key-check` measures what the check of a key costs a request of the api: the difference between a route
// that checks the key and one that does not, in turns, because the speed of a machine changes within seconds.
import { execute, openSession, sql } from "@mosis/postgres";
import { createLogger } from "@mosis/runtime";
import { newSecret } from "../services/catalog/src/keys/secret.ts";
import { hashSecret } from "../services/catalog/src/shared/secret-hash.ts";
import { withServer } from "./catalog/server-process.ts";
import { type Connection, openConnection } from "./connection.ts";
import { cpuSecondsOfTree } from "./cpu.ts";
import { median } from "./percentiles.ts";
import { apiDatabase, type Platform } from "./platform.ts";
import type { Outcome } from "./report.ts";

const connections = 16;
const turns = 9;
/** As many keys as `catalog` asks with: most checks find the key in the cache. */
const keys = 1000;

export async function benchKeyCheck(platform: Platform, { seconds }: { seconds: number }): Promise<Outcome> {
  const secrets = await makeKeys(platform.endpoints.postgres);
  const { median: us, all } = await keyCheckUs({ platform, secrets, seconds });
  return { figures: { key_check_cpu_us: us, turns: all }, broken: [] };
}

/** Returns CPU µs of the process that serves the route: the median of the turns, and each turn. */
export function keyCheckUs({
  platform,
  secrets,
  seconds,
}: {
  platform: Platform;
  secrets: readonly string[];
  seconds: number;
}): Promise<{ median: number; all: Record<string, number> }> {
  return withServer("key-check.ts", [apiDatabase(platform)], async ({ url, processes }) => {
    const { hostname, port } = new URL(url);
    const opened = Array.from({ length: connections }, () =>
      openConnection({ hostname, port: Number(port) }),
    );
    const lines = await Promise.all(opened);
    const cost = (path: string) =>
      costOf(lines, {
        requests: secrets.map((key) => requestOf(path, key)),
        seconds,
        pid: processes["api"] ?? 0,
      });
    // V8 compiles both routes before the first turn.
    await cost("/open");
    await cost("/checked");
    const differences: number[] = [];
    for (let turn = 0; turn < turns; turn++) {
      const open = await cost("/open");
      differences.push((await cost("/checked")) - open);
    }
    for (const line of lines) line.close();
    const all = Object.fromEntries(differences.map((us, n) => [`${n + 1}`, us]));
    return { median: median(differences), all };
  });
}

/** Returns CPU µs an answer of a process, while every connection asks without a pause. */
async function costOf(
  lines: readonly Connection[],
  { requests, seconds, pid }: { requests: readonly Buffer[]; seconds: number; pid: number },
): Promise<number> {
  const before = cpuSecondsOfTree(pid);
  const endsAtMs = performance.now() + seconds * 1000;
  let answers = 0;
  const askOn = async (line: Connection) => {
    while (performance.now() < endsAtMs) {
      const { status } = await line.ask(requests[answers++ % requests.length] as Buffer);
      if (status !== 200) throw new Error(`The server has answered ${status}`);
    }
  };
  await Promise.all(lines.map(askOn));
  return ((cpuSecondsOfTree(pid) - before) * 1e6) / answers;
}

function requestOf(path: string, key: string): Buffer {
  return Buffer.from(`GET ${path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer ${key}\r\n\r\n`);
}

/** Makes one account with all keys. */
async function makeKeys(url: string): Promise<string[]> {
  const log = createLogger({ service: "bench", level: "warn" });
  const timeouts = { connectTimeoutMs: 10_000, statementTimeoutMs: 60_000 };
  const session = await openSession({ url, name: "bench", log, ...timeouts });
  const secrets = Array.from({ length: keys }, () => newSecret("management").secret);
  const hashes = secrets.map(hashSecret);
  try {
    await execute(
      session,
      sql`
        with account as (
          insert into developers (email, name, verified)
          values (${`bench-${crypto.randomUUID()}@example.org`}, 'Bench', true) returning id)
        insert into api_keys (developer_id, name, key_hash, key_prefix, permissions)
        select id, 'bench', hash, 'mk_live_be', '["apps:read"]'
        from account, unnest(${hashes}::text[]) as hash`,
    );
  } finally {
    await session.close();
  }
  return secrets;
}
