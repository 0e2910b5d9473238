import { readdirSync, readFileSync } from "node:fs";

/**
 * Returns the CPU seconds of a process and all its descendants, including those that have ended and were
 * waited for.
 */
export function cpuSecondsOfTree(pid: number): number {
  const children = childrenByParent();
  let ticks = 0;
  const visit = (id: number) => {
    ticks += ticksOf(id);
    for (const child of children.get(id) ?? []) visit(child);
  };
  visit(pid);
  return ticks / ticksPerSecond;
}

/** Returns the resident bytes of one process; 0 when it has ended. */
export function residentBytes(pid: number): number {
  const status = read(`/proc/${pid}/status`);
  return 1024 * Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0);
}

/** USER_HZ: 100 on every Linux that Node runs on. */
const ticksPerSecond = 100;

/**
 * Returns the numbers of `/proc/<pid>/stat` from the third field on: the name before them may hold spaces and
 * brackets.
 */
function statOf(pid: number | string): string[] {
  const stat = read(`/proc/${pid}/stat`);
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

function ticksOf(pid: number): number {
  // utime, stime, cutime, cstime are fields 14 to 17 of proc_pid_stat(5).
  return statOf(pid)
    .slice(11, 15)
    .reduce((total, ticks) => total + Number(ticks), 0);
}

function childrenByParent(): Map<number, number[]> {
  const children = new Map<number, number[]>();
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const parent = Number(statOf(entry)[1] ?? 0);
    children.set(parent, [...(children.get(parent) ?? []), Number(entry)]);
  }
  return children;
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    // A process may end between being listed and being read.
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ESRCH") return "";
    throw error;
  }
}
