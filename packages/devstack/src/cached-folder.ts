import { accessSync, constants, existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/**
 * Returns a folder for files that are fetched once, in a cache that all copies of the repository share.
 * @param name describes the content: another content needs another name.
 * @param cacheDir parent of the cache; null takes `~/.cache/mosis`, or the data folder when home cannot be
 * written.
 * @param fill puts everything into the empty folder that it gets.
 * @throws the error of `fill`, unless another process has filled the folder meanwhile.
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
  // The folder is filled beside its place and renamed when complete: an interrupted fetch leaves nothing
  // half-made, and two may run at once.
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
