import { createJudgeAddress } from "./address.ts";
import { createWebhookSecretBox } from "./secret.ts";

/** The options of webhooks that both the api and the delivering process need. */
export interface WebhookOptions {
  /** Keys of 32 bytes each; the first one encrypts. */
  secretKeys: Buffer[];
  /** Private targets as `address:port`: see `createJudgeAddress`. */
  allowedTargets: string[];
}

/**
 * Reads the options.
 * @throws Error when there is no key.
 */
export function readWebhookOptions({ secretKeys, allowedTargets }: WebhookOptions) {
  const judge = createJudgeAddress(allowedTargets);
  return {
    secrets: createWebhookSecretBox(secretKeys),
    judge,
    urlRules: { judge, allowsHttp: allowedTargets.length > 0 },
  };
}
