import { defineConfig } from "@hey-api/openapi-ts";

export default defineConfig(
  ["catalog", "ingest", "query"].map((service) => ({
    input: `${service}.json`,
    output: `generated/hey-api/${service}`,
    logs: { file: false, level: "warn" },
  })),
);
