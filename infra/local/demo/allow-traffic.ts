import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { promisify } from "node:util";
import { createCatalog } from "@mosis/client";
import { totpCode } from "@mosis/devstack";
import { adminVariables } from "../../../services/catalog/src/variables.ts";
import type { Endpoints } from "../endpoints.ts";
import { environmentOf } from "../process-environment.ts";
import { confirmAddress } from "./confirm-address.ts";

const run = promisify(execFile);
const admin = join(import.meta.dirname, "../../../services/catalog/src/main/admin.ts");

/**
 * Limits that no machine that runs these programs reaches: a program measures the platform, not its limits.
 */
const limits = { telemetry_events_per_day: 100_000_000_000, telemetry_events_per_second: 1_000_000 };

/**
 * Lets apps send as fast as they can, as an operator would: a separate account becomes an admin, with the
 * second factor that this needs, until the limits are raised.
 */
export async function allowTraffic(
  { catalog: endpoint, postgres }: Endpoints,
  packageIds: readonly string[],
): Promise<void> {
  const visitor = createCatalog({ endpoint });
  const email = `admin-${randomBytes(5).toString("hex")}@example.org`;
  const password = randomBytes(18).toString("base64url");
  await visitor.createDeveloper({ email, name: "Admin of the demo", password });
  // Nobody reads its mails.
  await confirmAddress(postgres, email);
  const grant = (role: string) =>
    run(process.execPath, [admin, "grant-role", role, email], {
      env: environmentOf(adminVariables, { ...process.env, DATABASE_URL: postgres }),
      timeout: 30_000,
    });
  await grant("admin");
  try {
    const catalog = visitor.as((await visitor.signIn({ email, password })).token);
    const { secret } = await catalog.beginTotp();
    await catalog.confirmTotp(totpCode(secret));
    for (const packageId of packageIds) await catalog.changeTelemetryLimits(packageId, limits);
  } finally {
    await grant("developer");
  }
}
