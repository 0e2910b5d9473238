// Makes the platform its own first user: an account, the app `dev.mosis.platform` and an ingest key are made
// once through the public API and kept in the data folder.
import { randomBytes } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Catalog, createCatalog, MosisProblem } from "@mosis/client";
import { confirmAddress } from "./demo/confirm-address.ts";

const packageId = "dev.mosis.platform";

/**
 * Returns the ingest key that an earlier start has left in the data folder, or null. It may have been revoked
 * since.
 */
export async function knownIngestKey(dataDir: string): Promise<string | null> {
  return (await readAccount(fileIn(dataDir)))?.key?.secret ?? null;
}

/** The account as the data folder keeps it, readable by its owner only. */
interface PlatformAccount {
  email: string;
  password: string;
  /** The ingest key; null until it was made. */
  key: { id: string; secret: string } | null;
}

/**
 * Registers the platform's own app with a running catalog, or finds the one that an earlier start registered.
 * @returns null when another account has the package id: the catalog is older than this data folder.
 * @throws MosisProblem, or fetch's error when the catalog does not answer.
 */
export async function registerPlatformApp({
  catalogUrl,
  postgres,
  dataDir,
}: {
  catalogUrl: string;
  postgres: string;
  dataDir: string;
}): Promise<{ ingestKey: string } | null> {
  const file = fileIn(dataDir);
  const account = (await readAccount(file)) ?? newAccount();
  // The account is saved before it is used: a start after an interruption must find the password of the
  // account.
  await writeAccount(file, account);

  const catalog = await signIn(createCatalog({ endpoint: catalogUrl }), account);
  // An account that nobody confirms is removed, and may send little until then.
  await confirmAddress(postgres, account.email);
  if (account.key !== null && (await isKeyAlive(catalog, account.key.id))) {
    return { ingestKey: account.key.secret };
  }
  if (!(await ownsApp(catalog))) return null;
  const { id, secret } = await catalog.createKey({
    name: "Self-telemetry of the platform",
    kind: "ingest",
    package_ids: [packageId],
  });
  await writeAccount(file, { ...account, key: { id, secret } });
  return { ingestKey: secret };
}

function fileIn(dataDir: string): string {
  return join(dataDir, "self-telemetry.json");
}

function newAccount(): PlatformAccount {
  const name = randomBytes(6).toString("hex");
  return { email: `platform-${name}@mosis.dev`, password: randomBytes(24).toString("base64url"), key: null };
}

async function signIn(catalog: Catalog, { email, password }: PlatformAccount): Promise<Catalog> {
  try {
    return catalog.as((await catalog.signIn({ email, password })).token);
  } catch (error) {
    if (!isProblem(error, "credentials_invalid")) throw error;
    await catalog.createDeveloper({ email, name: "Mosis platform", password });
    return catalog.as((await catalog.signIn({ email, password })).token);
  }
}

async function isKeyAlive(catalog: Catalog, keyId: string): Promise<boolean> {
  const { data } = await catalog.keys({ limit: 100 });
  return data.some((key) => key.id === keyId);
}

async function ownsApp(catalog: Catalog): Promise<boolean> {
  try {
    await catalog.createApp({ package_id: packageId, name: "Mosis platform" });
    return true;
  } catch (error) {
    if (!isProblem(error, "package_id_taken")) throw error;
  }
  try {
    await catalog.app(packageId);
    return true;
  } catch (error) {
    // The answer for an app of others is the same as for a missing one.
    if (isProblem(error, "not_found")) return false;
    throw error;
  }
}

function isProblem(error: unknown, code: string): boolean {
  return error instanceof MosisProblem && error.code === code;
}

async function readAccount(file: string): Promise<PlatformAccount | null> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as PlatformAccount;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

/** Writes the file atomically, and never readable by others, not even for a moment. */
async function writeAccount(file: string, account: PlatformAccount): Promise<void> {
  await mkdir(join(file, ".."), { recursive: true });
  const part = `${file}.${process.pid}.part`;
  await writeFile(part, `${JSON.stringify(account, null, 2)}\n`, { mode: 0o600 });
  await rename(part, file);
}
