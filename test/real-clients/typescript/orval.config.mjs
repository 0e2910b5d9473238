import { defineConfig } from "orval";

// The generated functions contain the address that they call.
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
          // A second type of a body, like OTLP's protobuf, becomes a second parameter of the same name in
          // orval.
          override: { contentType: { include: ["application/json", "application/problem+json"] } },
        },
      },
    ]),
  ),
);
