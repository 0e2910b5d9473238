import { readFileSync } from "node:fs";
import { brokerList, custom, type EnvValues, oneOf, optionalText, readEnv, text } from "@mosis/runtime";
import type { KafkaConfig } from "./cluster.ts";
import { type KafkaSecurity, saslMechanisms } from "./security.ts";

const fileText = (about: string) =>
  custom<string | null>({
    about,
    default: null,
    read(path) {
      try {
        return readFileSync(path, "utf8").trim();
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        throw new Error(`must be a file that can be read (${code})`, { cause: error });
      }
    },
  });

/** The variables of every process that uses Kafka. They are a part of its spec for `readEnv`. */
export const kafkaVariables = {
  KAFKA_BROKERS: brokerList({ about: "The Kafka brokers to start from, host:port, commas between." }),
  KAFKA_TOPIC_PREFIX: text({
    about: "The prefix of every topic and group name on a shared cluster.",
    default: "",
  }),
  KAFKA_SECURITY_PROTOCOL: oneOf({
    about:
      "The protocol of connections to Kafka. Only SASL_SSL and SSL encrypt and keep others on the network " +
      "out; SASL_PLAINTEXT is for loopback.",
    values: ["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"],
    default: "PLAINTEXT",
  }),
  KAFKA_SASL_MECHANISM: oneOf({
    about: "The mechanism that proves the password to Kafka.",
    values: saslMechanisms,
    default: "scram-sha-512",
  }),
  KAFKA_SASL_USERNAME: optionalText({ about: "The user of this process in Kafka: infra/kafka/acls.json." }),
  KAFKA_SASL_PASSWORD: optionalText({ about: "The password of that user; or use the file below." }),
  KAFKA_SASL_PASSWORD_FILE: fileText("A file that holds the password of the user in Kafka."),
  KAFKA_SSL_CA_FILE: fileText("The authorities that check brokers' certificates, PEM; default Node's."),
  KAFKA_SSL_CERT_FILE: fileText("The certificate of this process for brokers that ask for one, PEM."),
  KAFKA_SSL_KEY_FILE: fileText("The private key of that certificate, PEM."),
};

/**
 * Returns the address of Kafka and our credentials.
 * @throws Error that lists the settings that do not go together.
 */
export function kafkaSettings(
  values: EnvValues<typeof kafkaVariables>,
): Pick<KafkaConfig, "brokers" | "topicPrefix"> & { security: KafkaSecurity } {
  const faults = faultsOf(values);
  if (faults.length > 0) throw new Error(`The environment is not usable.\n  ${faults.join("\n  ")}`);
  const protocol = values.KAFKA_SECURITY_PROTOCOL;
  const username = values.KAFKA_SASL_USERNAME;
  const password = values.KAFKA_SASL_PASSWORD ?? values.KAFKA_SASL_PASSWORD_FILE;
  const isSasl = protocol.startsWith("SASL") && username !== null && password !== null;
  return {
    brokers: values.KAFKA_BROKERS,
    topicPrefix: values.KAFKA_TOPIC_PREFIX,
    security: {
      tls: protocol.endsWith("SSL")
        ? {
            ca: values.KAFKA_SSL_CA_FILE,
            certificate: values.KAFKA_SSL_CERT_FILE,
            key: values.KAFKA_SSL_KEY_FILE,
          }
        : null,
      sasl: isSasl ? { mechanism: values.KAFKA_SASL_MECHANISM, username, password } : null,
    },
  };
}

/**
 * Returns the same from an environment, for programs that have no other variables.
 * @throws Error that lists every bad variable.
 */
export function readKafka(env: Record<string, string | undefined>): ReturnType<typeof kafkaSettings> {
  return kafkaSettings(readEnv(kafkaVariables, env));
}

/** Returns the faults. A setting without effect is one of them, because it only seems to protect. */
function faultsOf(values: EnvValues<typeof kafkaVariables>): string[] {
  const protocol = values.KAFKA_SECURITY_PROTOCOL;
  const [isSasl, isTls] = [protocol.startsWith("SASL"), protocol.endsWith("SSL")];
  const isSet = (name: keyof typeof kafkaVariables) => values[name] !== null;
  const [password, file] = [isSet("KAFKA_SASL_PASSWORD"), isSet("KAFKA_SASL_PASSWORD_FILE")];
  const faults: string[] = [];
  if (isSasl && !isSet("KAFKA_SASL_USERNAME"))
    faults.push(`KAFKA_SASL_USERNAME is not set: ${protocol} needs it`);
  if (isSasl && !password && !file) {
    faults.push(`KAFKA_SASL_PASSWORD is not set, nor KAFKA_SASL_PASSWORD_FILE: ${protocol} needs one`);
  }
  if (password && file)
    faults.push("KAFKA_SASL_PASSWORD and KAFKA_SASL_PASSWORD_FILE are both set: keep one");
  const [certificate, key] = [isSet("KAFKA_SSL_CERT_FILE"), isSet("KAFKA_SSL_KEY_FILE")];
  if (certificate !== key)
    faults.push("KAFKA_SSL_CERT_FILE and KAFKA_SSL_KEY_FILE go together: set both, or none");
  const unused = Object.keys(values).filter(
    (name) =>
      isSet(name as keyof typeof kafkaVariables) &&
      ((name.startsWith("KAFKA_SSL_") && !isTls) ||
        (/^KAFKA_SASL_(USERNAME|PASSWORD)/.test(name) && !isSasl)),
  );
  for (const name of unused) faults.push(`${name} has no effect: KAFKA_SECURITY_PROTOCOL is ${protocol}`);
  return faults;
}
