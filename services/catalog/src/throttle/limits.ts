import type { AccountLimits } from "./account.ts";

/** By account, over all processes. What an address may do is limited by `rate-limits.ts`. */
export const accountLimits: AccountLimits = {
  // Wrong passwords: about a hundred a day.
  "sign-in": { burst: 10, everySeconds: 900 },
  // Mails that somebody asks for.
  mail: { burst: 3, everySeconds: 1200 },
};
