// Generates clients from the documents that the services serve.
import { writeFileSync } from "node:fs";
import { cp, symlink } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { run } from "./installed.ts";

const ownCompiler = join(import.meta.dirname, "../../node_modules/.bin/tsc");
/** Types of bodies that openapi-python-client has no code for, beside JSON. */
const typesUnknownToPython = ["application/x-ndjson", "application/x-protobuf"];

const services = ["catalog", "ingest", "query"] as const;
export type ServiceUrls = Record<(typeof services)[number], string>;

/** Makes the calls of `typescript/calls/` or `python/calls.py`, and reports the results. */
export type Calls = (given: { urls: ServiceUrls; word: string }) => Promise<object>;

export async function fetchDocuments(urls: ServiceUrls): Promise<Record<string, string>> {
  const documents: Record<string, string> = {};
  for (const service of services) {
    documents[`${service}.json`] = await (await fetch(`${urls[service]}/openapi.json`)).text();
  }
  return documents;
}

/** Generates the clients of three generators, compiles them with their calls, and loads these. */
export async function generateTypeScript(
  folder: string,
  { packages, urls, documents }: { packages: string; urls: ServiceUrls; documents: Record<string, string> },
): Promise<Record<string, Calls>> {
  await cp(join(import.meta.dirname, "typescript"), folder, { recursive: true });
  await symlink(packages, join(folder, "node_modules"));
  writeAll(folder, documents);
  const env = { SERVICE_URLS: JSON.stringify(urls) };
  const program = (file: string) => run(process.execPath, [file], { cwd: folder, env });
  const generators = ["openapi-typescript", "openapi-ts", "orval"];
  await Promise.all(generators.map((name) => program(join(packages, ".bin", name))));
  // Our compiler takes 1.7 s of CPU where TypeScript 5 takes 8.3 s.
  await program(ownCompiler);
  const names = ["openapi-fetch", "hey-api", "orval"];
  const loaded = names.map(async (name) => {
    const file = pathToFileURL(join(folder, `built/calls/${name}.js`)).href;
    const { run: calls } = (await import(file)) as { run: Calls };
    return [name, calls] as const;
  });
  return Object.fromEntries(await Promise.all(loaded));
}

/** Generates the three clients with openapi-python-client. @throws Error when it leaves anything out. */
export async function generatePython(
  folder: string,
  { packages, documents }: { packages: string; documents: Record<string, string> },
): Promise<Calls> {
  await cp(join(import.meta.dirname, "python"), folder, { recursive: true });
  writeAll(folder, documents);
  const python = (...args: string[]) =>
    run("python3", args, { cwd: folder, env: { PYTHONPATH: `${packages}:${folder}` } });
  const { out, err } = await python("generate.py", ...services);
  const isTold = (text: string) => typesUnknownToPython.some((type) => text.includes(`content type ${type}`));
  const others = `${out}\n${err}`
    .split("WARNING")
    .slice(1)
    .filter((text) => !isTold(text));
  if (others.length > 0) throw new Error(others.join("\n"));
  return async (given) => {
    const { out } = await python("-W", "error", "calls.py", JSON.stringify(given));
    return JSON.parse(out) as object;
  };
}

function writeAll(folder: string, documents: Record<string, string>): void {
  for (const [file, text] of Object.entries(documents)) writeFileSync(join(folder, file), text);
}
