import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Catalog } from "@mosis/client";
import type { Endpoints } from "../endpoints.ts";

const run = promisify(execFile);
const admin = join(import.meta.dirname, "../../../services/catalog/src/main/admin.ts");

/** What no machine that runs these programs reaches: a program measures the platform, not its limits. */
const limits = { telemetry_events_per_day: 100_000_000_000, telemetry_events_per_second: 1_000_000 };

/**
 * Lets apps send as fast as they can, as somebody who runs the platform would: the account is an admin for as
 * long as it takes to raise their limits.
 */
export async function allowTraffic(
  { postgres }: Endpoints,
  {
    email,
    signIn,
    packageIds,
  }: { email: string; signIn: () => Promise<Catalog>; packageIds: readonly string[] },
): Promise<void> {
  const grant = (role: string) =>
    run(process.execPath, [admin, "grant-role", role, email], {
      env: { ...process.env, DATABASE_URL: postgres },
      timeout: 30_000,
    });
  await grant("admin");
  try {
    // A session from before would be what it was for two seconds more.
    const catalog = await signIn();
    for (const packageId of packageIds) await catalog.changeTelemetryLimits(packageId, limits);
  } finally {
    await grant("developer");
  }
}
