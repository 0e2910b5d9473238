import { accessSync, constants, existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/**
 * A folder of what is fetched once, in a cache that all copies of the repository share.
 * @param name says what is in it: another content is another name.
 * @param cacheDir parent of the cache; null takes `~/.cache/mosis`, or the data folder when home cannot be
 * written.
 * @param fill puts everything into the folder it gets, which is empty.
 * @throws what `fill` throws, unless somebody else has filled the folder meanwhile.
 */
export async function cachedFolder({
  name,
  cacheDir,
  dataDir,
  fill,
}: {
  name: string;
  cacheDir: string | null;
  dataDir: string;
  fill: (folder: string) => Promise<void>;
}): Promise<string> {
  const folder = join(cacheDir ?? defaultCache(dataDir), name);
  if (existsSync(folder)) return folder;
  // Filled aside and renamed when complete: an interrupted fetch leaves nothing half-made, and two may run at
  // once.
  const unfinished = `${folder}.${process.pid}`;
  mkdirSync(unfinished, { recursive: true });
  try {
    await fill(unfinished);
    renameSync(unfinished, folder);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    // Another start was faster.
    if (!existsSync(folder)) throw error;
  }
  return folder;
}

function defaultCache(dataDir: string): string {
  const cache = join(homedir(), ".cache");
  try {
    mkdirSync(cache, { recursive: true });
    accessSync(cache, constants.W_OK);
    return join(cache, "mosis");
  } catch {
    return join(dataDir, "cache");
  }
}
