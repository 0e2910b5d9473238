import type { AccountLimits } from "./account.ts";

/** By account, over all processes. Mails are limited where they are queued: `queue_mail` in the database. */
export const accountLimits: AccountLimits = {
  // Wrong passwords: about a hundred a day.
  "sign-in": { burst: 10, everySeconds: 900 },
  // Wrong codes: three of a million are right at a time, so a guess a quarter of an hour needs decades.
  totp: { burst: 10, everySeconds: 900 },
  recovery_code: { burst: 10, everySeconds: 900 },
};
