import type { StackSource } from "@mosis/devstack";
import type { Environment } from "./process-environment.ts";

/**
 * Refuses an allowance for webhooks that leads to a server or a process of this copy: anyone with an account
 * could send requests to it from inside. The processes refuse the default ports and those in their own
 * config; only the launcher knows every port.
 * @throws Error one line that names the target.
 */
export function refuseOwnTargets(env: Environment, ports: readonly number[], source: StackSource): void {
  const own = new Set([
    ...ports,
    ...["CATALOG", "INGEST", "QUERY"].map((name) => Number(env[`${name}_MANAGEMENT_PORT`] ?? 0)),
    ...(source.kind === "external" ? portsOf(source.urls) : Object.values(source.ports)),
  ]);
  for (const target of (env["WEBHOOK_ALLOWED_TARGETS"] ?? "").split(",")) {
    const port = Number(/:(\d+)\s*$/.exec(target)?.[1] ?? 0);
    if (port === 0 || !own.has(port)) continue;
    throw new Error(
      `The environment is not usable.\n  WEBHOOK_ALLOWED_TARGETS names ${target.trim()}, where a server ` +
        "or a process of the platform listens: webhooks must not reach it.",
    );
  }
}

function portsOf({ postgres, clickhouse, kafka }: { postgres: string; clickhouse: string; kafka: string }) {
  const brokers = kafka.split(",").map((broker) => Number(broker.split(":")[1]));
  return [Number(new URL(postgres).port || 5432), Number(new URL(clickhouse).port || 8123), ...brokers];
}
