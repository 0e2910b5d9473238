import { defineConfig } from "orval";

// Its functions are generated with the address that they call.
const urls = JSON.parse(process.env.SERVICE_URLS);

export default defineConfig(
  Object.fromEntries(
    ["catalog", "ingest", "query"].map((service) => [
      service,
      {
        input: `${service}.json`,
        output: {
          target: `generated/orval/${service}.ts`,
          client: "fetch",
          baseUrl: urls[service],
          // A second type of a body, as OTLP's protobuf, is a second parameter for orval, of the same name.
          override: { contentType: { include: ["application/json", "application/problem+json"] } },
        },
      },
    ]),
  ),
);
