// The users that may connect to the embedded broker, and the variables with which a program does.
import { kafkaUsers, type Passwords } from "./passwords.ts";

export type KafkaUser = (typeof kafkaUsers)[number];

/** A certificate for the broker's listener, in a PKCS#12 keystore. */
export interface BrokerCertificate {
  keystoreFile: string;
  password: string;
}

/** The user that may do everything: the job that makes topics, and the tools of people. */
export const kafkaAdministrator = "kafka-admin";
/** The user of the broker itself, when it connects to its controller. */
const broker = "kafka-broker";

/** Returns the variables with which a process connects to the embedded broker as that user. */
export function kafkaLogin(passwords: Passwords, user: KafkaUser): Record<string, string> {
  return {
    KAFKA_SECURITY_PROTOCOL: "SASL_PLAINTEXT",
    KAFKA_SASL_MECHANISM: "plain",
    KAFKA_SASL_USERNAME: user,
    KAFKA_SASL_PASSWORD: passwords[user],
  };
}

/** The listener for everybody except the broker itself. */
export const clientListener = "CLIENTS";

/**
 * Returns the settings that protect the broker: both its listeners ask for a password, and it refuses
 * everything that no ACL grants. The passwords are in a file that only its owner can read, so none is ever on
 * a command line, and a user that a later version adds does not need a running broker. Over loopback, PLAIN
 * shows them to nobody. docs/decisions/0025-kafka-users.md has the reasons.
 */
export function securitySettings(
  passwords: Passwords,
  certificate?: BrokerCertificate,
): Record<string, string> {
  const protocol = certificate ? "SASL_SSL" : "SASL_PLAINTEXT";
  const module = "org.apache.kafka.common.security.plain.PlainLoginModule required";
  const itself = `username="${broker}" password="${passwords[broker]}"`;
  const loginOf = (users: readonly KafkaUser[]) =>
    `${module} ${itself} ${users.map((user) => `user_${user}="${passwords[user]}"`).join(" ")};`;
  return {
    "listener.security.protocol.map": `${clientListener}:${protocol},CONTROLLER:SASL_PLAINTEXT`,
    "inter.broker.listener.name": clientListener,
    "sasl.enabled.mechanisms": "PLAIN",
    "sasl.mechanism.inter.broker.protocol": "PLAIN",
    "sasl.mechanism.controller.protocol": "PLAIN",
    [`listener.name.${clientListener.toLowerCase()}.plain.sasl.jaas.config`]: loginOf(kafkaUsers),
    "listener.name.controller.plain.sasl.jaas.config": loginOf([broker]),
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "allow.everyone.if.no.acl.found": "false",
    "super.users": `User:${broker};User:${kafkaAdministrator}`,
    ...(certificate && keystoreSettings(certificate)),
  };
}

/** The broker connects to itself, with a certificate that no authority has signed. */
function keystoreSettings({ keystoreFile, password }: BrokerCertificate): Record<string, string> {
  const stores = ["keystore", "truststore"].flatMap((store) => [
    [`ssl.${store}.type`, "PKCS12"],
    [`ssl.${store}.location`, keystoreFile],
    [`ssl.${store}.password`, password],
  ]);
  return Object.fromEntries(stores) as Record<string, string>;
}
