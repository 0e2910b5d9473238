import type { EnvSpec } from "@mosis/runtime";

export type Environment = Record<string, string | undefined>;

/** Variables that Node, the C library and OpenSSL read by themselves. None of them is a secret. */
const ofTheRuntime = [
  "PATH",
  "HOME",
  "TMPDIR",
  "TZ",
  "LANG",
  "LC_ALL",
  "LD_LIBRARY_PATH",
  "LD_PRELOAD",
  "MALLOC_ARENA_MAX",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
  "OPENSSL_CONF",
  "UV_THREADPOOL_SIZE",
  "UV_USE_IO_URING",
  // Node's variables are listed by name: NODE_AUTH_TOKEN, which is npm's, is a secret.
  "NODE_ENV",
  "NODE_OPTIONS",
  "NODE_DEBUG",
  "NODE_DEBUG_NATIVE",
  "NODE_NO_WARNINGS",
  "NODE_V8_COVERAGE",
  "NODE_COMPILE_CACHE",
  "NODE_DISABLE_COMPILE_CACHE",
  "NODE_EXTRA_CA_CERTS",
  "NODE_USE_SYSTEM_CA",
  "NODE_TLS_REJECT_UNAUTHORIZED",
  "NODE_ICU_DATA",
  "NODE_REPORT_ON_FATALERROR",
  "NO_COLOR",
];

/** Shows others which copy a process belongs to: chaos signals only processes of its own copy. */
const ofTheCopy = ["MOSIS_DATA_DIR"];

/** Variables that make Node use a proxy. Its URL may contain a password. */
export const proxyVariables = [
  "NODE_USE_ENV_PROXY",
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "NO_PROXY",
  "http_proxy",
  "https_proxy",
  "no_proxy",
];

/**
 * Returns the environment of one process: the variables that its config declares, those that its runtime
 * reads, and nothing else of the launcher's environment. So no process holds a secret that it does not use.
 * @param more names beside those that the config declares.
 */
export function environmentOf(
  variables: EnvSpec,
  env: Environment,
  more: readonly string[] = [],
): Environment {
  const names = [...Object.keys(variables), ...ofTheRuntime, ...ofTheCopy, ...more];
  const given = names.filter((name) => env[name] !== undefined);
  return Object.fromEntries(given.map((name) => [name, env[name]]));
}
