import type { RateLimits } from "@mosis/http";
import type { Pool } from "@mosis/postgres";
import type { Logger } from "@mosis/runtime";
import type { Router } from "express";
import type { Authenticate } from "./auth.ts";
import type { Credentials } from "./credentials.ts";
import type { Confirm } from "./developers/confirm.ts";
import { createCeremonies, type PasskeySettings } from "./passkeys/ceremonies.ts";
import { passkeyRegistrationRoutes } from "./passkeys/registration-routes.ts";
import { passkeyRoutes } from "./passkeys/routes.ts";
import { secondFactorRoutes } from "./second-factors/routes.ts";
import type { BeginSession } from "./sessions/create.ts";
import { createComplete } from "./sign-ins/complete.ts";
import { createProve } from "./sign-ins/prove.ts";
import { reauthenticateRoutes } from "./sign-ins/reauthenticate-routes.ts";
import { signInRoutes } from "./sign-ins/routes.ts";
import type { AccountThrottle } from "./throttle/account.ts";
import { totpRoutes } from "./totp/routes.ts";
import { createTotpSecretBox } from "./totp/secret-box.ts";

export interface SecondFactorOptions {
  /** 32 bytes each: the first one encrypts the secrets of authenticator apps, the others are former ones. */
  totpSecretKeys: Buffer[];
  /** Null when no page may use passkeys. */
  passkeys: PasskeySettings | null;
}

/** Enrolling a second factor, and signing in with it. */
export function allSecondFactorRoutes(
  options: SecondFactorOptions & {
    db: Pool;
    log: Logger;
    authenticate: Authenticate;
    credentials: Credentials;
    limits: RateLimits;
    accounts: AccountThrottle;
    beginSession: BeginSession;
    confirmPassword: Confirm;
    mails: { wake(): void };
  },
): Router[] {
  const totpSecrets = createTotpSecretBox(options.totpSecretKeys);
  const ceremonies = options.passkeys && createCeremonies(options.passkeys, options);
  const prove = createProve({ totpSecrets, ceremonies });
  return [
    secondFactorRoutes(options),
    totpRoutes({ ...options, totpSecrets }),
    passkeyRoutes(options),
    passkeyRegistrationRoutes({ ...options, ceremonies }),
    reauthenticateRoutes({ ...options, prove }),
    signInRoutes({ ...options, ceremonies, complete: createComplete({ ...options, prove }) }),
  ];
}
