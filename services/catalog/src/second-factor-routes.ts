import type { RateLimits } from "@mosis/http";
import type { Pool } from "@mosis/postgres";
import type { Logger } from "@mosis/runtime";
import type { Router } from "express";
import type { Authenticate } from "./access/authenticate.ts";
import type { Credentials } from "./access/credentials.ts";
import type { Confirm } from "./sign-in/passwords/confirm.ts";
import { createCeremonies, type PasskeySettings } from "./sign-in/passkeys/ceremonies.ts";
import { passkeyRegistrationRoutes } from "./sign-in/passkeys/registration-routes.ts";
import { passkeyRoutes } from "./sign-in/passkeys/routes.ts";
import { secondFactorRoutes } from "./sign-in/second-factors/routes.ts";
import type { BeginSession } from "./sign-in/sessions/create.ts";
import { createComplete } from "./sign-in/completion/complete.ts";
import { createProve } from "./sign-in/completion/prove.ts";
import { reauthenticateRoutes } from "./sign-in/completion/reauthenticate-routes.ts";
import { signInRoutes } from "./sign-in/completion/routes.ts";
import type { AccountThrottle } from "./sign-in/throttle/account.ts";
import { totpRoutes } from "./sign-in/totp/routes.ts";
import { createTotpSecretBox } from "./sign-in/totp/secret-box.ts";

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
