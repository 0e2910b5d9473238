// Installs the tools of other projects: generators and SDKs that need another TypeScript than ours, and a
// generator in Python. Each has its own lock file beside this file, and is installed once into a cache
// outside the tree.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { cachedFolder } from "@mosis/devstack";

const timeoutMs = 240_000;
const projects = {
  typescript: join(import.meta.dirname, "typescript"),
  python: join(import.meta.dirname, "python"),
};
/** The generated code uses features of this version. */
const pythonMin = "3.11";

/**
 * Returns the `node_modules` with the packages of typescript/package-lock.json. @throws Error with npm's
 * output.
 */
export async function installNpmPackages(dataDir: string): Promise<string> {
  const files = ["package.json", "package-lock.json", ".npmrc"];
  const folder = await cachedFolder({
    name: `clients-npm-${process.platform}-${process.arch}-${digest(projects.typescript, files)}`,
    ...caches(dataDir),
    async fill(empty) {
      for (const file of files) copyFileSync(join(projects.typescript, file), join(empty, file));
      // Within a script, npm gives its own path; outside of one, it is on the PATH.
      const own = process.env["npm_execpath"];
      const [command, args] = own?.endsWith(".js") === true ? [process.execPath, [own]] : ["npm", []];
      await run(command, [...args, "ci", "--no-progress", "--prefer-offline"], { cwd: empty });
    },
  });
  return join(folder, "node_modules");
}

/** Returns the folder with the packages of python/requirements.txt, or the reason why there is none. */
export async function installPythonPackages(
  dataDir: string,
): Promise<{ folder: string } | { missing: string }> {
  const isNew = `import sys; sys.exit(sys.version_info < (${pythonMin.replace(".", ", ")}))`;
  try {
    await run("python3", ["-c", isNew], {});
    const { out: version } = await run("python3", ["-m", "pip", "--version"], {});
    const folder = await cachedFolder({
      name: `clients-python-${digest(projects.python, ["requirements.txt"], version)}`,
      ...caches(dataDir),
      async fill(empty) {
        const requirements = join(projects.python, "requirements.txt");
        const options = [
          "--quiet",
          "--disable-pip-version-check",
          "--no-deps",
          "--only-binary=:all:",
          "--no-compile",
        ];
        // When no index answers, it is not worth waiting for one.
        const patience = ["--retries", "1", "--timeout", "15"];
        await run(
          "python3",
          ["-m", "pip", "install", ...options, ...patience, "--target", empty, "-r", requirements],
          {},
        );
      },
    });
    return { folder };
  } catch (error) {
    const [reason = ""] = String(error).trim().split("\n").slice(-1);
    return { missing: `Python ${pythonMin} with pip and a package index are needed: ${reason}` };
  }
}

/** Runs a program to its end. @throws Error with all its output when it fails. */
export function run(
  command: string,
  args: string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv },
): Promise<{ out: string; err: string }> {
  const env = { ...process.env, DO_NOT_TRACK: "1", CI: "true", ...options.env };
  return new Promise((resolve, reject) => {
    execFile(command, args, { ...options, env, timeout: timeoutMs, encoding: "utf8" }, (error, out, err) => {
      if (error) reject(new Error(`${command} ${args.join(" ")}: ${error.message}\n${out}\n${err}`));
      else resolve({ out, err });
    });
  });
}

/** Returns a name for a cache that depends on its content. */
function digest(folder: string, files: string[], more = ""): string {
  const hash = createHash("sha256").update(more);
  for (const file of files) hash.update(readFileSync(join(folder, file)));
  return hash.digest("hex").slice(0, 12);
}

function caches(dataDir: string) {
  return { cacheDir: process.env["MOSIS_CACHE_DIR"] ?? null, dataDir };
}
