import type { KafkaConfig as KafkaJsConfig } from "kafkajs";

/** How a connection is made: encrypted or not, and as whom. */
export interface KafkaSecurity {
  /** Null: not encrypted. Authorities and our own certificate are PEM; without authorities, those of Node. */
  tls: { ca: string | null; certificate: string | null; key: string | null } | null;
  /** Null: by certificate, or as nobody. */
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
    // The three mechanisms have the same options, which the types of kafkajs say three times.
    ...(sasl && { sasl: sasl as NonNullable<KafkaJsConfig["sasl"]> }),
  };
}
