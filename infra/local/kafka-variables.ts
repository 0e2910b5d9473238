import { kafkaLogin, type KafkaUser, type Stack } from "@mosis/devstack";
import type { Environment } from "./process-environment.ts";

/**
 * Returns the variables with which a user connects to Kafka. A server of ours has a user for each process;
 * for a server of others, the environment has the login.
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

/** Returns the login for a server of others. */
export function givenKafkaVariables(env: Environment): Record<string, string> {
  const given = Object.entries(env).filter(([name]) => /^KAFKA_(BROKERS|SECURITY|SASL|SSL)/.test(name));
  return Object.fromEntries(given.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}
