// Who may enter the embedded broker, and how a program does.
import { kafkaUsers, type Passwords } from "./passwords.ts";

export type KafkaUser = (typeof kafkaUsers)[number];

/** A certificate for the broker's listener, in a PKCS#12 keystore. */
export interface BrokerCertificate {
  keystoreFile: string;
  password: string;
}

/** The user that may do everything: who makes topics, and the tools of people. */
export const kafkaAdministrator = "kafka-admin";
/** The broker itself, in front of its controller. */
const broker = "kafka-broker";

/** The variables that lead a process into the embedded broker as that user. */
export function kafkaLogin(passwords: Passwords, user: KafkaUser): Record<string, string> {
  return {
    KAFKA_SECURITY_PROTOCOL: "SASL_PLAINTEXT",
    KAFKA_SASL_MECHANISM: "plain",
    KAFKA_SASL_USERNAME: user,
    KAFKA_SASL_PASSWORD: passwords[user],
  };
}

/** The listener of everybody but the broker itself. */
export const clientListener = "CLIENTS";

/**
 * The settings that close the broker: both its listeners ask for a password, and what no ACL grants is
 * refused. The passwords stand in a file that only its owner can read: none is ever on a command line, and
 * a user that a later version adds needs no running broker. Over loopback PLAIN shows them to nobody.
 * docs/decisions/0025-kafka-users.md has the reasons.
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

/** The broker talks to itself, under a certificate that no authority has signed. */
function keystoreSettings({ keystoreFile, password }: BrokerCertificate): Record<string, string> {
  const stores = ["keystore", "truststore"].flatMap((store) => [
    [`ssl.${store}.type`, "PKCS12"],
    [`ssl.${store}.location`, keystoreFile],
    [`ssl.${store}.password`, password],
  ]);
  return Object.fromEntries(stores) as Record<string, string>;
}
