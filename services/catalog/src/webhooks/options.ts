import { createJudgeAddress } from "./address.ts";
import { createSecretBox } from "./secret.ts";

/** What the api and the process that delivers both have to know of webhooks. */
export interface WebhookOptions {
  /** 32 bytes each: the first one encrypts. */
  secretKeys: Buffer[];
  /** Ranges in CIDR notation. */
  allowedNetworks: string[];
}

/** @throws Error when there is no key. */
export function readWebhookOptions({ secretKeys, allowedNetworks }: WebhookOptions) {
  const judge = createJudgeAddress(allowedNetworks);
  return {
    secrets: createSecretBox(secretKeys),
    judge,
    urlRules: { judge, allowsHttp: allowedNetworks.length > 0 },
  };
}
