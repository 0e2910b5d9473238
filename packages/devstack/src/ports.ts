import { type AddressInfo, createServer, type Server } from "node:net";
import { StackError } from "./server.ts";

/** Returns true when nothing listens on the port of 127.0.0.1 now. */
async function isFree(port: number): Promise<boolean> {
  const probe = createServer();
  try {
    await listening(probe, port);
    await closed(probe);
    return true;
  } catch (error) {
    // A port below 1024 that we may not use counts as taken.
    if (["EADDRINUSE", "EACCES"].includes((error as NodeJS.ErrnoException).code ?? "")) return false;
    throw error;
  }
}

/**
 * @param wanted port by the environment variable that sets it.
 * @throws StackError one line that names the first port that is taken, or named twice, and its variable.
 */
export async function requireFreePorts(wanted: Readonly<Record<string, number>>): Promise<void> {
  const names = new Map<number, string>();
  for (const [variable, port] of Object.entries(wanted)) {
    const other = names.get(port);
    if (other !== undefined) {
      throw new StackError(`${other} and ${variable} are both ${port}: set one of them to another port.`);
    }
    names.set(port, variable);
    if (await isFree(port)) continue;
    throw new StackError(
      `Port ${port} is in use: end what listens there, or set ${variable} to another port.`,
    );
  }
}

/** Returns ports that are free now, all different. Nothing holds them, so use them soon. */
export async function freePorts(count: number): Promise<number[]> {
  const probes = Array.from({ length: count }, () => createServer());
  await Promise.all(probes.map((probe) => listening(probe, 0)));
  const ports = probes.map((probe) => (probe.address() as AddressInfo).port);
  await Promise.all(probes.map(closed));
  return ports;
}

function listening(probe: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    probe.once("error", reject);
    probe.listen({ port, host: "127.0.0.1", exclusive: true }, resolve);
  });
}

function closed(probe: Server): Promise<void> {
  return new Promise((resolve) => void probe.close(() => resolve()));
}

/** Returns the port when it is free and nobody else is about to take it, otherwise any free one. */
export async function portNear(preferred: number, taken: readonly number[]): Promise<number> {
  if (!taken.includes(preferred) && (await isFree(preferred))) return preferred;
  const candidates = await freePorts(taken.length + 1);
  return candidates.find((candidate) => !taken.includes(candidate)) as number;
}
