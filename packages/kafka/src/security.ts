import type { KafkaConfig as KafkaJsConfig } from "kafkajs";

/** The encryption and the credentials of a connection. */
export interface KafkaSecurity {
  /**
   * The TLS settings; null means not encrypted. Authorities and our own certificate are PEM; the default
   * authorities are Node's.
   */
  tls: { ca: string | null; certificate: string | null; key: string | null } | null;
  /** The password login; null means a certificate, or an anonymous user. */
  sasl: { mechanism: SaslMechanism; username: string; password: string } | null;
}

export const saslMechanisms = ["scram-sha-512", "scram-sha-256", "plain"] as const;
type SaslMechanism = (typeof saslMechanisms)[number];

export function securityOptions(security: KafkaSecurity | undefined): Pick<KafkaJsConfig, "ssl" | "sasl"> {
  const { tls = null, sasl = null } = security ?? {};
  return {
    ...(tls && {
      ssl: {
        minVersion: "TLSv1.2",
        ...(tls.ca !== null && { ca: [tls.ca] }),
        ...(tls.certificate !== null && tls.key !== null && { cert: tls.certificate, key: tls.key }),
      },
    }),
    // The three mechanisms have the same options, which the types of kafkajs repeat for each.
    ...(sasl && { sasl: sasl as NonNullable<KafkaJsConfig["sasl"]> }),
  };
}
