import type { ClientAddress, RateLimits } from "@mosis/http";
import type { Pool } from "@mosis/postgres";
import type { Logger } from "@mosis/runtime";
import type { Router } from "express";
import { accountDeletionRoutes } from "./accounts/deletion/routes.ts";
import type { Authenticate } from "./access/authenticate.ts";
import type { Credentials } from "./access/credentials.ts";
import { createConfirm, createConfirmPassword } from "./sign-in/passwords/confirm.ts";
import type { Passwords } from "./sign-in/passwords/hashing.ts";
import { developerRoutes } from "./accounts/registration/routes.ts";
import { emailChangeRoutes } from "./accounts/email/change-routes.ts";
import { createProveAccount } from "./accounts/email/prove.ts";
import { emailRoutes } from "./accounts/email/routes.ts";
import { createFlows } from "./sign-in/oauth/flows.ts";
import { oauthLinkRoutes } from "./sign-in/oauth/link-routes.ts";
import { createProviders } from "./sign-in/oauth/providers.ts";
import { oauthRoutes } from "./sign-in/oauth/routes.ts";
import type { ProviderSettings } from "./sign-in/oauth/settings.ts";
import { passwordResetRoutes } from "./accounts/passwords/reset-routes.ts";
import { passwordRoutes } from "./accounts/passwords/routes.ts";
import { createBeginSession } from "./sign-in/sessions/create.ts";
import { sessionRevokeRoutes } from "./sign-in/sessions/revoke-routes.ts";
import { sessionRoutes } from "./sign-in/sessions/routes.ts";
import { createSignIn } from "./sign-in/sessions/sign-in.ts";
import { allSecondFactorRoutes, type SecondFactorOptions } from "./second-factor-routes.ts";
import { createAnswerFirstFactor } from "./sign-in/completion/first-factor.ts";
import { createAccountThrottle } from "./sign-in/throttle/account.ts";
import { accountLimits } from "./sign-in/throttle/limits.ts";

export interface AccountOptions extends SecondFactorOptions {
  sessionHours: number;
  sessionIdleMinutes: number;
  oidcProviders: ProviderSettings[];
  /** See `createProviders`. */
  oidcRereadMs?: number;
  /** Told when a mail was committed, see `startMailSender`. */
  mails: { wake(): void };
}

/** Registering, signing in, and everything about an account. */
export function accountRoutes(
  options: AccountOptions & {
    db: Pool;
    log: Logger;
    authenticate: Authenticate;
    credentials: Credentials;
    limits: RateLimits;
    clientAddress: ClientAddress;
    passwords: Passwords;
  },
): Router[] {
  const { db, log, authenticate, credentials, limits, passwords, mails } = options;
  const accounts = createAccountThrottle({ db, limits: accountLimits });
  const signIn = createSignIn({ db, credentials, passwords, accounts });
  const prove = createProveAccount({ db, authenticate, passwords, accounts });
  const confirm = createConfirm({ db, passwords, accounts });
  const confirmPassword = createConfirmPassword({ db, passwords, accounts });
  const providers = createProviders(options.oidcProviders, { log, rereadMs: options.oidcRereadMs });
  const flows = createFlows({ db, providers });
  const life = { hours: options.sessionHours, idleMinutes: options.sessionIdleMinutes };
  const beginSession = createBeginSession({ clientAddress: options.clientAddress, life });
  const answerFirstFactor = createAnswerFirstFactor({ beginSession });
  const account = { db, authenticate, credentials, limits, confirm, passwords, accounts, mails };
  return [
    developerRoutes(account),
    emailRoutes({ ...account, prove }),
    emailChangeRoutes(account),
    passwordRoutes(account),
    passwordResetRoutes(account),
    accountDeletionRoutes(account),
    sessionRoutes({ db, authenticate, credentials, limits, signIn, answerFirstFactor }),
    sessionRevokeRoutes(account),
    oauthRoutes({ db, credentials, limits, providers, flows, answerFirstFactor }),
    ...allSecondFactorRoutes({ ...options, accounts, beginSession, confirmPassword }),
    oauthLinkRoutes({ db, authenticate, flows, mails }),
  ];
}
