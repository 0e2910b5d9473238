import { residentBytes } from "./cpu.ts";

export interface MemoryWatch {
  /** Ends the watch. @returns the most that each process held, in megabytes of 10⁶ bytes. */
  stop(): Record<string, number>;
}

/** Reads the resident memory of processes again and again. */
export function watchMemory(processes: Record<string, number>, intervalMs: number): MemoryWatch {
  const most: Record<string, number> = {};
  const look = () => {
    for (const [name, pid] of Object.entries(processes)) {
      most[name] = Math.max(most[name] ?? 0, residentBytes(pid) / 1e6);
    }
  };
  look();
  const timer = setInterval(look, intervalMs);
  return {
    stop() {
      clearInterval(timer);
      look();
      return most;
    },
  };
}
