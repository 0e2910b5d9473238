import { isIP } from "node:net";
import { isAddressRange } from "./address-ranges.ts";

/** One variable: how its text becomes a value, its default, and a sentence or two about its purpose. */
interface Variable<T> {
  /** The text stands in errors and in docs/operations.md. */
  about: string;
  /** The values that it takes, for those that are a range or a list. */
  values?: string;
  /** The value of an unset variable; undefined when the variable must be set. */
  fallback: { value: T } | undefined;
  /**
   * Returns the value of a text.
   * @throws Error whose message says what the text should have been.
   */
  read: (text: string) => T;
}

export type EnvSpec = Record<string, Variable<unknown>>;
export type EnvValues<Spec extends EnvSpec> = { [Name in keyof Spec]: ReturnType<Spec[Name]["read"]> };

interface Common<T> {
  about: string;
  default?: T;
}

/**
 * Reads every variable of the spec once. An empty text counts as unset.
 * @throws Error that lists every bad or missing variable with its purpose.
 */
export function readEnv<Spec extends EnvSpec>(
  spec: Spec,
  env: Record<string, string | undefined>,
): EnvValues<Spec> {
  const values: Record<string, unknown> = {};
  const faults: string[] = [];
  for (const [name, variable] of Object.entries(spec)) {
    const text = env[name];
    if (text === undefined || text === "") {
      if (variable.fallback) values[name] = variable.fallback.value;
      else faults.push(`${name} is not set: ${variable.about}`);
      continue;
    }
    try {
      values[name] = variable.read(text);
    } catch (error) {
      faults.push(`${name} ${(error as Error).message}: ${variable.about}`);
    }
  }
  if (faults.length > 0) throw new Error(`The environment is not usable.\n  ${faults.join("\n  ")}`);
  return values as EnvValues<Spec>;
}

export function text(options: Common<string>): Variable<string> {
  return { ...common(options), read: (value) => value };
}

/** A text, or null when unset. */
export function optionalText({ about }: { about: string }): Variable<string | null> {
  return { about, fallback: { value: null }, read: (value) => value };
}

/**
 * An absolute URL, kept as text.
 * @param protocols The protocols that it may have, `https:` for example; default any.
 */
export function url(options: Common<string> & { protocols?: readonly string[] }): Variable<string> {
  return { ...common(options), read: (value) => readUrl(value, options.protocols) };
}

/** A URL as above, or null when unset. */
export function optionalUrl({
  about,
  protocols,
}: {
  about: string;
  protocols: readonly string[];
}): Variable<string | null> {
  return { about, fallback: { value: null }, read: (value) => readUrl(value, protocols) };
}

function readUrl(value: string, protocols?: readonly string[]): string {
  if (!URL.canParse(value)) throw new Error("must be a URL");
  if (protocols && !protocols.includes(new URL(value).protocol)) {
    throw new Error(`must be a URL with ${protocols.join(", ")}`);
  }
  return value;
}

/**
 * A value that only its reader understands. `read` throws an Error whose message says what the text should
 * have been.
 */
export function custom<T>(options: Common<T> & { read: (text: string) => T }): Variable<T> {
  return { ...common(options), read: options.read };
}

/** The name of an HTTP header, or null when unset. */
export function optionalHeaderName({ about }: { about: string }): Variable<string | null> {
  return {
    about,
    fallback: { value: null },
    read(value) {
      if (!/^[\w-]{1,100}$/.test(value)) throw new Error("must be the name of a header");
      return value;
    },
  };
}

/** Comma-separated origins as browsers send them, `https://example.org`, or `*`. */
export function originList(options: Common<string[]>): Variable<string[]> {
  return {
    ...common(options),
    read(value) {
      const origins = value.split(",").map((origin) => origin.trim());
      if (!origins.every((origin) => origin === "*" || isOrigin(origin))) {
        throw new Error("must be https://host, several with commas between, or *");
      }
      return origins;
    },
  };
}

function isOrigin(text: string): boolean {
  return URL.canParse(text) && new URL(text).origin === text;
}

/** Comma-separated ranges of IP addresses in CIDR notation. */
export function addressRangeList(options: Common<string[]>): Variable<string[]> {
  return {
    ...common(options),
    read(value) {
      const ranges = value.split(",").map((range) => range.trim());
      if (!ranges.every(isAddressRange)) {
        throw new Error("must be ranges like 10.0.0.0/8, with commas between");
      }
      return ranges;
    },
  };
}

/** Comma-separated keys of 32 bytes, each in base64. */
export function secretKeyList(options: Common<Buffer[]>): Variable<Buffer[]> {
  return {
    ...common(options),
    read(value) {
      const keys = value.split(",").map((key) => key.trim());
      if (!keys.every((key) => /^[A-Za-z0-9+/]{43}=$/.test(key))) {
        throw new Error("must be 32 bytes in base64, several with commas between");
      }
      return keys.map((key) => Buffer.from(key, "base64"));
    },
  };
}

/** Comma-separated `host:port` pairs. */
export function brokerList(options: Common<string[]>): Variable<string[]> {
  return {
    ...common(options),
    read(value) {
      const brokers = value.split(",").map((broker) => broker.trim());
      if (!brokers.every((broker) => /^[^\s:]+:\d{1,5}$/.test(broker))) {
        throw new Error("must be host:port, several with commas between");
      }
      return brokers;
    },
  };
}

export function integer(options: Common<number> & { min: number; max: number }): Variable<number> {
  const { min, max } = options;
  return {
    ...common(options),
    values: `${min} to ${max}`,
    read(value) {
      const number = Number(value);
      if (!Number.isInteger(number) || number < min || number > max) {
        throw new Error(`must be a whole number from ${min} to ${max}`);
      }
      return number;
    },
  };
}

/** A TCP port; 0 lets the system choose. */
export function port(options: Common<number>): Variable<number> {
  return integer({ ...options, min: 0, max: 65_535 });
}

/** A TCP port, or null when unset. */
export function optionalPort({ about }: { about: string }): Variable<number | null> {
  return { about, fallback: { value: null }, read: port({ about }).read };
}

/**
 * An IP address. Names are refused: whether a process listens to others must not change with a name server.
 */
export function ipAddress(options: Common<string>): Variable<string> {
  return {
    ...common(options),
    read(value) {
      if (isIP(value) === 0) throw new Error("must be an IP address");
      return value;
    },
  };
}

export function oneOf<const T extends string>(options: Common<T> & { values: readonly T[] }): Variable<T> {
  const { values } = options;
  return {
    ...common(options),
    values: values.join(", "),
    read(value) {
      const found = values.find((candidate) => candidate === value);
      if (found === undefined) throw new Error(`must be one of ${values.join(", ")}`);
      return found;
    },
  };
}

function common<T>({ about, default: value }: Common<T>): Pick<Variable<T>, "about" | "fallback"> {
  return { about, fallback: value === undefined ? undefined : { value } };
}
