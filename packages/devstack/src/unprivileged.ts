// The user that a server runs as when root starts it: it owns its own data and has no capability. It has to
// enter its folder and its program, which may lie below a folder that only root may enter (/root, mktemp -d).
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { StackError } from "./server.ts";

export interface User {
  uid: number;
  gid: number;
}

export interface Command {
  command: string;
  args: string[];
}

/**
 * Returns the user for a server, or null when we are not root: then it runs as we do.
 * @param names of users; the first that this machine has is taken.
 * @throws StackError when it has none of them.
 */
export function unprivilegedUser(names: readonly string[]): User | null {
  if (process.getuid?.() !== 0) return null;
  for (const name of names) {
    try {
      const id = (flag: string) =>
        Number(execFileSync("id", [flag, name], { stdio: ["ignore", "pipe", "ignore"] }));
      return { uid: id("-u"), gid: id("-g") };
    } catch {
      // This machine has no such user; try the next one.
    }
  }
  throw new StackError(
    `The servers do not run as root and there is no user ${names.join(" or ")}: run this as another user.`,
  );
}

/** Lets every user pass through a folder of ours, without seeing what is in it. */
export function letPass(folder: string): void {
  if (process.getuid?.() !== 0) return;
  const { uid, mode } = statSync(folder);
  if (uid === 0 && (mode & 0o011) !== 0o011) chmodSync(folder, (mode & 0o7777) | 0o011);
}

/** The paths at which an unprivileged command finds folders, and how it is started to find them there. */
export interface View {
  /** Returns the path of a folder of the view, or of something in it, as the command sees it. */
  pathOf: (path: string) => string;
  wrap: (command: Command) => Command;
}

/**
 * Shows folders to a command that does not run as root. They stay where they are when every user may enter
 * them. Otherwise the command gets a mount namespace of its own, in which they are mounted at another place.
 * Nothing of this is visible outside, and it ends with the command.
 * @param folders the first one becomes the working directory.
 * @throws StackError when that is needed and this machine does not allow it.
 */
export function viewOf(folders: readonly string[]): View {
  const closed = folders.find((folder) => !everybodyMayEnter(folder));
  if (closed === undefined || process.getuid?.() !== 0) {
    return { pathOf: (path) => path, wrap: (command) => command };
  }
  const place = mountPoints.find(
    (point) => existsSync(point) && !folders.some((folder) => folder.startsWith(`${point}/`)),
  );
  if (place === undefined || !mayMount()) {
    throw new StackError(
      `${closed} lies below a folder that only root may enter: set MOSIS_DATA_DIR to a folder that every ` +
        "user may enter, with the repository in another one, or run this as another user.",
    );
  }
  return {
    pathOf(path) {
      const index = folders.findIndex((folder) => path === folder || path.startsWith(`${folder}/`));
      const folder = folders[index];
      return folder === undefined ? path : `${place}/${index}${path.slice(folder.length)}`;
    },
    wrap: ({ command, args }) => ({
      command: "unshare",
      args: [
        "--mount",
        "--propagation",
        "private",
        "sh",
        "-c",
        mountAndRun,
        place,
        String(folders.length),
        ...folders,
        command,
        ...args,
      ],
    }),
  };
}

/** Places for a file system that belongs to the namespace: it is mounted over one of these. */
const mountPoints = ["/mnt", "/media", "/srv", "/opt"];

const mountAndRun = `
set -e
place=$0 count=$1
shift
mount -t tmpfs -o mode=755 mosis "$place"
index=0
while [ "$index" -lt "$count" ]; do
  mkdir "$place/$index"
  mount --bind "$1" "$place/$index"
  shift
  index=$((index + 1))
done
cd "$place/0"
exec "$@"`;

function mayMount(): boolean {
  try {
    execFileSync("unshare", ["--mount", "true"], { stdio: "ignore" });
    return true;
  } catch {
    // The program is missing, or the container may not do this.
    return false;
  }
}

/** Returns true when every user may pass through all folders above a path. */
function everybodyMayEnter(path: string): boolean {
  const folder = dirname(path);
  const othersMayEnter = (statSync(folder).mode & 0o001) !== 0;
  return othersMayEnter && (folder === dirname(folder) || everybodyMayEnter(folder));
}
