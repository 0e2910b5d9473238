import { type EnvSpec, integer, ipAddress, optionalPort, port } from "./env.ts";

/** An address and a port that a process listens on. */
export interface ListenTarget {
  host: string;
  port: number;
}

/** The address that a public process listens on, for its clients. */
export interface PublicTarget extends ListenTarget {
  /** The address of health, metrics and the reference page; null when they share the other port. */
  management: ListenTarget | null;
  /** The limit of connections for all clients together. */
  connectionsMax: number;
  /** The limit of connections for one address, or one /64 of IPv6. */
  connectionsPerAddressMax: number;
}

interface PortOptions {
  /** One sentence about the port's purpose. */
  about: string;
  port: number;
}

/** The default address. Only this machine reaches a process without other settings. */
const loopback = "127.0.0.1";

/** The variables `NAME_HOST` and `NAME_PORT`. */
export function listenVariables(name: string, options: PortOptions): EnvSpec {
  return {
    [`${name}_HOST`]: ipAddress({
      about:
        `The address to listen on with ${name}_PORT; 0.0.0.0 or :: means all addresses, as a container ` +
        "needs it.",
      default: loopback,
    }),
    [`${name}_PORT`]: port({ about: options.about, default: options.port }),
  };
}

/** The variables above, and those of a public process. */
export function publicVariables(name: string, options: PortOptions): EnvSpec {
  return {
    ...listenVariables(name, options),
    [`${name}_MANAGEMENT_HOST`]: ipAddress({
      about: `The address to listen on with ${name}_MANAGEMENT_PORT.`,
      default: loopback,
    }),
    [`${name}_MANAGEMENT_PORT`]: optionalPort({
      about:
        `A port of its own for health, metrics, /openapi.json and /docs; ${name}_PORT then answers 404 to ` +
        "them. Unset, they share one port.",
    }),
    [`${name}_HTTP_CONNECTIONS_MAX`]: integer({
      about:
        "The most connections of clients; beyond it the longest idle ones are closed. The process needs as " +
        "many open files.",
      min: 10,
      max: 1_000_000,
      default: 10_000,
    }),
    [`${name}_HTTP_CONNECTIONS_PER_ADDRESS_MAX`]: integer({
      about:
        "The most connections of one address (a /64 of IPv6); trusted proxies have no such limit. Raise it " +
        "where many phones share an address, and where a proxy is not trusted.",
      min: 1,
      max: 1_000_000,
      default: 1000,
    }),
  };
}

type Values = Readonly<Record<string, unknown>>;

/**
 * Returns the address to listen on.
 * @param values The values that `readEnv` read with `listenVariables` in its spec.
 */
export function listenTarget(name: string, values: Values): ListenTarget {
  return { host: values[`${name}_HOST`] as string, port: values[`${name}_PORT`] as number };
}

/**
 * Returns the address to listen on.
 * @param values The values that `readEnv` read with `publicVariables` in its spec.
 */
export function publicTarget(name: string, values: Values): PublicTarget {
  const managementPort = values[`${name}_MANAGEMENT_PORT`] as number | null;
  const host = values[`${name}_MANAGEMENT_HOST`] as string;
  return {
    ...listenTarget(name, values),
    management: managementPort === null ? null : { host, port: managementPort },
    connectionsMax: values[`${name}_HTTP_CONNECTIONS_MAX`] as number,
    connectionsPerAddressMax: values[`${name}_HTTP_CONNECTIONS_PER_ADDRESS_MAX`] as number,
  };
}
