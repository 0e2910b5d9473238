// Checks that each package-lock.json installs everywhere: it names no registry host, and every optional
// package of another platform has an entry. npm omits such an entry when the registry in use did not have the
// package, and then `npm ci` refuses on every machine. `--write` adds the missing entries with version and
// platform, which are known, but without a checksum, which only the first installation on that platform can
// find out. For an entry without a platform, or with a range, npm itself has to be run.
import { writeFileSync } from "node:fs";
import { readFlags } from "@mosis/runtime";
import { type LockedPackage, type LockFile, readLocks } from "./locks.ts";

const systems = /^(aix|android|darwin|freebsd|linux|netbsd|openbsd|openharmony|sunos|win32)$/;
const processors = /^(arm|arm64|ia32|loong64|mips64el|ppc64|riscv64|s390x|wasm32|x64)$/;

const usage = `Usage: npm run lock [-- --write]

  Looks into every package-lock.json for registry hosts and missing platforms; --write adds these.`;
const flags = readFlags(usage, ["write"]) ?? process.exit();

let faults = 0;
for (const { file, ...lock } of readLocks()) {
  const hosts = Object.keys(lock.packages).filter((path) =>
    /^https?:/.test(lock.packages[path]?.resolved ?? ""),
  );
  const missing = missingPlatforms(lock.packages);
  if (flags.has("write") && missing.size > 0) {
    const all = Object.entries(lock.packages).concat([...missing]);
    lock.packages = Object.fromEntries(all.toSorted(([a], [b]) => a.localeCompare(b, "en")));
    writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
    console.log(`${missing.size} entries added to ${file}`);
  } else {
    for (const path of hosts) console.error(`${file}: ${path}: resolved from a host; see .npmrc`);
    for (const path of missing.keys())
      console.error(`${file}: ${path}: missing; run npm run lock -- --write`);
    console.log(
      `${file}: ${Object.keys(lock.packages).length} packages, ${hosts.length + missing.size} faults`,
    );
    faults += hosts.length + missing.size;
  }
}
process.exitCode = faults > 0 ? 1 : 0;

function missingPlatforms(packages: LockFile["packages"]): Map<string, object> {
  const found = new Map<string, object>();
  for (const [parent, entry] of Object.entries(packages)) {
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      const path = `node_modules/${name}`;
      if (packages[path] || packages[`${parent}/${path}`]) continue;
      const platform = platformOf(name);
      // npm itself has to be run for an entry without a platform, or with a range.
      if (platform && /^\d/.test(version)) found.set(path, locked({ version, parent: entry, platform }));
    }
  }
  return found;
}

interface Platform {
  os: string;
  cpu: string;
  libc: string | null;
}

/** Fields in the order that npm uses. */
function locked(of: { version: string; parent: LockedPackage; platform: Platform }): object {
  const { version, parent, platform } = of;
  return {
    version,
    cpu: [platform.cpu],
    ...(parent.dev ? { dev: true } : {}),
    ...(platform.libc ? { libc: [platform.libc] } : {}),
    license: parent.license,
    optional: true,
    os: [platform.os],
  };
}

/**
 * Platform packages are named after their platform: `@oxlint/binding-linux-arm64-musl`, `@turbo/windows-64`.
 */
function platformOf(name: string): Platform | null {
  const words = name.replace("windows", "win32").replace(/-64$/, "-x64").split(/[/-]/);
  const os = words.find((word) => systems.test(word));
  const cpu = words.find((word) => processors.test(word));
  if (!os || !cpu) return null;
  const libc = words.find((word) => /^(musl|gnu)/.test(word));
  return { os, cpu, libc: os === "linux" && libc ? (libc.startsWith("musl") ? "musl" : "glibc") : null };
}
