import { createJudgeAddress } from "./address.ts";
import { createWebhookSecretBox } from "./secret.ts";

/** What the api and the process that delivers both have to know of webhooks. */
export interface WebhookOptions {
  /** 32 bytes each: the first one encrypts. */
  secretKeys: Buffer[];
  /** `address:port` of private targets: see `createJudgeAddress`. */
  allowedTargets: string[];
}

/** @throws Error when there is no key. */
export function readWebhookOptions({ secretKeys, allowedTargets }: WebhookOptions) {
  const judge = createJudgeAddress(allowedTargets);
  return {
    secrets: createWebhookSecretBox(secretKeys),
    judge,
    urlRules: { judge, allowsHttp: allowedTargets.length > 0 },
  };
}
