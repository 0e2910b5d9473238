// The platform a benchmark runs against: its own in a temporary folder, or one that runs already.
import { dirname } from "node:path";
import { readPasswords } from "@mosis/devstack";
import { type Endpoints, readEndpoints, requireReady } from "../infra/local/endpoints.ts";
import type { Environment } from "../infra/local/process-environment.ts";
import { readProcesses, startTemporaryPlatform } from "../infra/local/temporary-platform.ts";
import { processRoles, roleUrl } from "../services/catalog/src/access/process-roles.ts";

export interface Platform {
  endpoints: Endpoints;
  dataDir: string;
  /** Process ids by name: the services, and the servers that are ours. */
  processes: Record<string, number>;
  stop(): Promise<void>;
}

/** @param endpointsFile of a running platform; without it, one is started, and `stop` removes it again. */
export async function openPlatform(
  endpointsFile: string | undefined,
  environment: Environment = {},
): Promise<Platform> {
  if (endpointsFile === undefined) {
    const platform = await startTemporaryPlatform("bench", environment);
    return { ...platform, processes: platform.processes() };
  }
  const endpoints = readEndpoints(endpointsFile);
  await requireReady(endpoints);
  const dataDir = dirname(endpointsFile);
  return { endpoints, dataDir, processes: readProcesses(dataDir), stop: async () => {} };
}

/** Returns the URL of PostgreSQL for the role of the api, behind its policies. */
export function apiDatabase({ endpoints, dataDir }: Platform): string {
  const password = process.env["CATALOG_API_PASSWORD"] ?? readPasswords(dataDir).mosis_api;
  return roleUrl(endpoints.postgres, processRoles.api, password);
}
