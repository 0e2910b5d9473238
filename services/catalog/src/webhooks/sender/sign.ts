import { createHmac } from "node:crypto";

/**
 * The headers of an attempt (Standard Webhooks 1.0, “Webhook headers”).
 * @param secrets each `whsec_` and base64; a receiver needs one of them.
 * @param sentAtMs of this attempt: receivers refuse what is old.
 */
export function signedHeaders(
  { id, sentAtMs, body }: { id: string; sentAtMs: number; body: string },
  secrets: readonly string[],
): Record<string, string> {
  const timestamp = String(Math.floor(sentAtMs / 1000));
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.slice("whsec_".length), "base64");
    return `v1,${createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64")}`;
  });
  return { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signatures.join(" ") };
}
