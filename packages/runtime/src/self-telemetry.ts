import { type EnvValues, oneOf, optionalText } from "./env.ts";

/**
 * The variables of every process that reports telemetry about itself. They are a part of its spec for
 * `readEnv`.
 */
export const selfTelemetryVariables = {
  MOSIS_SELF_TELEMETRY: oneOf({
    about: "Makes the process report itself as the app dev.mosis.platform.",
    values: ["on", "off"],
    default: "on",
  }),
  MOSIS_SELF_TELEMETRY_KEY: optionalText({
    about: "The ingest key for these reports; without it there are none.",
  }),
  MOSIS_INGEST_URL: optionalText({ about: "The URL for these reports; without it there are none." }),
};

/** Returns where a process reports telemetry about itself; null when it does not. */
export function selfTelemetryTarget(
  values: EnvValues<typeof selfTelemetryVariables>,
): { endpoint: string; key: string } | null {
  const { MOSIS_INGEST_URL: endpoint, MOSIS_SELF_TELEMETRY_KEY: key } = values;
  if (values.MOSIS_SELF_TELEMETRY === "off" || endpoint === null || key === null) return null;
  return { endpoint, key };
}
