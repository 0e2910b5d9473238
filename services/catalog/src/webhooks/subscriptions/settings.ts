import { custom, type EnvValues, secretKeyList } from "@mosis/runtime";
import { readAllowedTargets, readTarget } from "./allowed-targets.ts";
import type { WebhookOptions } from "./options.ts";

export const webhookVariables = {
  WEBHOOK_SECRET_KEYS: secretKeyList({
    about:
      "Keys that encrypt webhook secrets: the first one encrypts new secrets, the others are previous keys.",
  }),
  WEBHOOK_ALLOWED_TARGETS: custom({
    about: "Private addresses, each with its port, that webhooks may reach, also over plain http.",
    default: [],
    read: readAllowedTargets,
  }),
};

/** The platform's own ports and addresses that this process knows. */
interface Own {
  httpPort: number;
  /** The URLs of the store and the mail server that it talks to. */
  urls: readonly string[];
}

/**
 * Reads the options from the variables.
 * @throws Error when a webhook could reach a store or a process of this platform.
 */
export function webhookOptions(values: EnvValues<typeof webhookVariables>, own: Own): WebhookOptions {
  const { WEBHOOK_SECRET_KEYS: secretKeys, WEBHOOK_ALLOWED_TARGETS: allowedTargets } = values;
  const ports = new Set([own.httpPort, ...own.urls.map(portOfUrl)]);
  for (const target of allowedTargets) {
    const { port } = readTarget(target);
    if (!ports.has(port)) continue;
    throw new Error(
      `The environment is not usable.\n  WEBHOOK_ALLOWED_TARGETS names ${target}, and port ${port} ` +
        "belongs to this process, its database or its mail server: webhooks must not reach it.",
    );
  }
  return { secretKeys, allowedTargets };
}

const defaultPorts: Readonly<Record<string, number>> = { "postgres:": 5432, "smtp:": 587, "smtps:": 465 };

function portOfUrl(text: string): number {
  const { port, protocol } = new URL(text);
  return Number(port || (defaultPorts[protocol] ?? 0));
}
