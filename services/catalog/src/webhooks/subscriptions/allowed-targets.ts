import { isIP } from "node:net";

/** A private target that webhooks may reach. */
export interface AllowedTarget {
  /** The address without the brackets of IPv6. */
  address: string;
  port: number;
}

/**
 * The default ports of our own stores and processes. A webhook that reaches one of them would act as one of
 * our services, so no setting allows these ports on any host.
 */
const ownPorts = new Set([
  5432,
  15_432, // PostgreSQL
  8123,
  18_123,
  19_000, // ClickHouse
  9092,
  9093,
  19_092, // Kafka and its controller
  4000,
  4001,
  4002,
  4003,
  4004,
  4005, // the six processes
]);

/**
 * Reads `WEBHOOK_ALLOWED_TARGETS`: `127.0.0.1:9999,[fd00::1]:8443`.
 * @throws Error that names the entry that is not valid.
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

/**
 * Reads one target.
 * @throws Error when it is not an address with a port.
 */
export function readTarget(text: string): AllowedTarget {
  const [, v6, v4, digits = ""] =
    /^(?:\[([\d.a-f:]{2,45})\]|([\d.]{7,15})):([1-9]\d{0,4})$/i.exec(text) ?? [];
  const address = v6 ?? v4 ?? "";
  const port = Number(digits);
  if (isIP(address) !== (v6 === undefined ? 4 : 6) || port > 65_535) {
    throw new Error("must be address:port, 127.0.0.1:9999 or [fd00::1]:443, several separated by commas");
  }
  return { address, port };
}
