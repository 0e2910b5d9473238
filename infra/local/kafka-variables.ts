import { kafkaLogin, type KafkaUser, type Stack } from "@mosis/devstack";
import type { Environment } from "./process-environment.ts";

/**
 * The variables that lead a user into Kafka: a server of ours has a user for each process, one of others is
 * entered as the environment says.
 */
export function kafkaVariablesFor(
  { urls, passwords }: Pick<Stack, "urls" | "passwords">,
  env: Environment,
): (user: KafkaUser) => Record<string, string> {
  if (passwords !== null) {
    return (user) => ({ KAFKA_BROKERS: urls.kafka, ...kafkaLogin(passwords, user) });
  }
  return () => givenKafkaVariables(env);
}

/** How to enter a server of others. */
export function givenKafkaVariables(env: Environment): Record<string, string> {
  const given = Object.entries(env).filter(([name]) => /^KAFKA_(BROKERS|SECURITY|SASL|SSL)/.test(name));
  return Object.fromEntries(given.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}
