import { isIP } from "node:net";

/** A place that webhooks may reach although it is private. */
export interface AllowedTarget {
  /** Without the brackets of IPv6. */
  address: string;
  port: number;
}

/**
 * Where our own stores and processes listen when nobody says otherwise. A webhook that reaches one of them
 * speaks to it as one of us, so no setting allows these ports, on whatever host.
 */
const ownPorts = new Set([
  ...[5432, 15_432], // PostgreSQL
  ...[8123, 18_123, 19_000], // ClickHouse
  ...[9092, 9093, 19_092], // Kafka and its controller
  ...[4000, 4001, 4002, 4003, 4004, 4005], // the six processes
]);

/**
 * Reads `WEBHOOK_ALLOWED_TARGETS`: `127.0.0.1:9999,[fd00::1]:8443`.
 * @throws Error that says which of them is none.
 */
export function readAllowedTargets(text: string): string[] {
  return text.split(",").map((part) => {
    const target = part.trim();
    const { port } = readTarget(target);
    if (ownPorts.has(port)) {
      throw new Error(`must not name port ${port}, where a store or a process of this platform may listen`);
    }
    return target;
  });
}

/** @throws Error for what is not an address with a port. */
export function readTarget(text: string): AllowedTarget {
  const [, v6, v4, digits = ""] =
    /^(?:\[([\d.a-f:]{2,45})\]|([\d.]{7,15})):([1-9]\d{0,4})$/i.exec(text) ?? [];
  const address = v6 ?? v4 ?? "";
  const port = Number(digits);
  if (isIP(address) !== (v6 === undefined ? 4 : 6) || port > 65_535) {
    throw new Error("must be address:port, 127.0.0.1:9999 or [fd00::1]:443, several with commas between");
  }
  return { address, port };
}
