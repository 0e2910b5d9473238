// Runs what `npm start` and `npm test` need before anything is installed: plain JavaScript for Node 20,
// without dependencies. Installs what is missing, then runs a program on the Node that package.json pins, and
// ends with its exit code.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));

/**
 * @param program path of a TypeScript file, from the root of the repository.
 * @param usage is printed for `--help`, before anything is installed.
 * @param isArgument returns true when the program takes an argument.
 */
export function bootstrap(program, { usage, isArgument }) {
  const args = process.argv.slice(2);
  if (args.includes("--help") || args.includes("-h")) {
    console.log(usage);
    return;
  }
  const unknown = args.find((arg) => !isArgument(arg));
  if (unknown !== undefined) giveUp(`Unknown argument ${unknown}; --help lists the arguments.`);
  requireNode();
  if (!isInstalled()) install();
  run(join(root, program), args);
}

function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  giveUp(`Node ${process.versions.node} is too old: install Node 20.19 or newer, with npm.`);
}

/**
 * Returns true when every package of the lock file is installed in its version; npm keeps its own list of
 * what it has installed.
 */
function isInstalled() {
  const locked = readPackages("package-lock.json");
  const installed = readPackages("node_modules/.package-lock.json");
  return Object.entries(locked).every(([path, { version, link, optional, devOptional }]) => {
    if (path === "" || !path.includes("node_modules/")) return true;
    const found = installed[path];
    if (found) return link || found.version === version;
    // Packages for other platforms are not installed.
    return Boolean(optional || devOptional);
  });
}

function readPackages(file) {
  const path = join(root, file);
  return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")).packages : {};
}

function install() {
  console.log("Installing packages with npm ci; about half a minute the first time …");
  const startedAt = Date.now();
  // npm gives its scripts its own path; outside of a script, npm is on the PATH.
  const own = process.env.npm_execpath;
  const [command, args] = own?.endsWith(".js") ? [process.execPath, [own]] : ["npm", []];
  const options = { cwd: root, stdio: "inherit", shell: process.platform === "win32" };
  const { status, error } = spawnSync(command, [...args, "ci", "--no-progress", "--loglevel=error"], options);
  if (error) giveUp("npm is missing: install Node 20.19 or newer, with npm.");
  if (status !== 0) giveUp("npm ci failed; what it said is above.");
  console.log(`Packages are installed (${Math.round((Date.now() - startedAt) / 1000)} s).`);
}

function run(program, args) {
  const pinned = join(root, "node_modules/node/bin/node");
  const child = spawn(existsSync(pinned) ? pinned : process.execPath, [program, ...args], {
    cwd: root,
    // The child sees by the channel that this process is gone, even by kill -9.
    stdio: ["inherit", "inherit", "inherit", "ipc"],
  });
  const stop = () => child.kill("SIGTERM");
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, stop);
  whenNpmEnds(stop);
  child.on("exit", (code, signal) => process.exit(code ?? (signal ? 1 : 0)));
}

/**
 * Watches for the end of npm: npm that is killed cannot notify its script. The shell with which npm starts us
 * may be between npm and us.
 */
function whenNpmEnds(stop) {
  if (process.env.npm_lifecycle_event === undefined || process.platform === "win32") return;
  const parent = process.ppid;
  const grandparent = isShell(parent) ? parentOf(parent) : undefined;
  const timer = setInterval(() => {
    if (process.ppid === parent && (grandparent === undefined || parentOf(parent) === grandparent)) return;
    clearInterval(timer);
    stop();
  }, 500);
  timer.unref();
}

function isShell(pid) {
  return /^-?(ba|da|z|k)?sh$/.test(ps("comm", pid).split("/").pop() ?? "");
}

function parentOf(pid) {
  try {
    // The name of the process is in brackets and may contain anything.
    return Number(readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").pop().split(" ")[1]);
  } catch {
    return Number(ps("ppid", pid)) || undefined;
  }
}

function ps(field, pid) {
  return spawnSync("ps", ["-o", `${field}=`, "-p", String(pid)], { encoding: "utf8" }).stdout?.trim() ?? "";
}

function giveUp(line) {
  console.error(line);
  process.exit(1);
}
