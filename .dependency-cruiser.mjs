// The arrows between packages, as rules. CONTRIBUTING.md draws them.

const adapters = ["http", "postgres", "kafka", "clickhouse"];
const tests = "\\.test\\.ts$|^(packages|services)/[^/]+/test/|^(test|bench)/";

// What most people would write, to measure against: it must not go through our own packages.
const naive = "^bench/naive(/|\\.ts$)";

/** Only files that match `from` may import the npm package. */
function onlyIn(npmPackage, from) {
  return {
    name: `${npmPackage.replace(/[@/]/g, "-").replace(/^-/, "")}-stays-in-one-place`,
    comment: `${npmPackage} is known only to ${from}.`,
    severity: "error",
    from: { pathNot: from },
    to: { path: `(^|/)node_modules/(@types/)?${npmPackage}/` },
  };
}

/**
 * One rule for each module of a folder: it imports the modules that are listed for it, and nothing else of
 * the folder. A module is listed after those that it imports, so no circle can be allowed. What is no module
 * (the composition roots and the route table) may import them all, and none of them imports it.
 * Tests may import every module.
 * @param modules each with the modules that it may import, from the lowest to the highest. A module is a
 * folder, a folder in a folder, or a file.
 */
function modulesOf(folder, name, modules) {
  const names = Object.keys(modules);
  return [
    ...names.map((module, place) => {
      const below = modules[module];
      const higher = below.find((other) => !names.slice(0, place).includes(other));
      if (higher !== undefined) throw new Error(`${module} of ${name} is listed before ${higher}`);
      const own = [module, ...below].join("|");
      return {
        name: `${name}-${module.replace("/", "-")}`,
        comment: `${module} imports ${below.join(", ") || "no other module"}.`,
        severity: "error",
        from: { path: `^${folder}/${module}(/|\\.ts$)`, pathNot: tests },
        to: { path: `^${folder}/`, pathNot: `^${folder}/(${own})(/|\\.ts$)` },
      };
    }),
    {
      name: `${name}-has-no-other-module`,
      comment: `A new folder of ${folder} is listed in .dependency-cruiser.mjs with what it may import.`,
      severity: "error",
      from: { path: `^${folder}/(?!main/)[^/]+/`, pathNot: `^${folder}/(${names.join("|")})/` },
      to: {},
    },
  ];
}

/** docs/decisions/0033-modules-of-the-catalog.md says what they hold. */
const catalogModules = {
  shared: [],
  access: ["shared"],
  changes: ["access", "shared"],
  developers: ["shared"],
  store: ["shared"],
  keys: ["developers", "changes", "access", "shared"],
  "telemetry-rules": ["keys", "developers", "changes", "access", "shared"],
  releases: ["telemetry-rules", "keys", "developers", "changes", "access", "shared"],
  webhooks: ["developers", "changes", "access", "shared"],
  "sign-in": ["developers", "changes", "access", "shared"],
  accounts: ["sign-in", "webhooks", "telemetry-rules", "keys", "developers", "changes", "access", "shared"],
  admin: ["sign-in", "developers", "changes", "access"],
};

const ingest = ["events", "blocks", "books", "judging", "reading", "protocols"].map((it) => `ingest/${it}`);

/** An event goes from the door through protocols, reading, judging and books to blocks, and never back. */
const telemetryModules = {
  access: [],
  clocks: [],
  store: ["access"],
  "ingest/events": [],
  "ingest/blocks": ["ingest/events"],
  "ingest/books": ["ingest/blocks", "ingest/events"],
  "ingest/judging": ["ingest/books", "ingest/blocks", "ingest/events", "access"],
  "ingest/reading": ["ingest/events"],
  "ingest/protocols": ["ingest/reading", "ingest/events"],
  "ingest/door": [...ingest, "access"],
  writer: ["clocks"],
  replay: [],
  receipts: ["store", "access"],
  outcomes: ["store", "access"],
  audit: ["store", "access"],
  erasures: ["store", "access"],
  rejected: ["ingest/judging", "ingest/books", "ingest/blocks", "ingest/events", "store", "access"],
};

export default {
  forbidden: [
    {
      name: "no-cycles",
      comment: "Two files that need each other are one file, or miss a third.",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "imports-resolve",
      comment: "An import that leads nowhere hides from every other rule.",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: "imports-are-declared",
      comment: "A workspace imports only what its package.json (or the root's) lists.",
      severity: "error",
      from: { path: "^(packages|services)/" },
      to: { dependencyTypes: ["npm-no-pkg", "npm-unknown"] },
    },
    {
      name: "services-are-strangers",
      comment: "Services meet only in Kafka.",
      severity: "error",
      from: { path: "^services/([^/]+)/" },
      to: { path: "^services/", pathNot: "^services/$1/" },
    },
    {
      name: "packages-below-services",
      comment: "A package never knows who uses it.",
      severity: "error",
      from: { path: "^packages/", pathNot: tests },
      to: { path: "^(services|bench|test|infra|demo)/" },
    },
    {
      name: "adapters-are-strangers",
      comment: "Each adapter knows one outside system, and none of its siblings.",
      severity: "error",
      from: { path: `^packages/(${adapters.join("|")})/src/` },
      to: { path: `^packages/(${adapters.join("|")})/`, pathNot: "^packages/$1/" },
    },
    {
      name: "runtime-below-adapters",
      comment: "runtime knows the environment, logs, clocks and metrics; only types lie below it.",
      severity: "error",
      from: { path: "^packages/runtime/src/" },
      to: { path: "^packages/", pathNot: "^packages/(runtime|types)/" },
    },
    {
      name: "types-are-schemas",
      comment: "types imports typebox and nothing else, so that anything may import types.",
      severity: "error",
      from: { path: "^packages/types/src/", pathNot: tests },
      to: { pathNot: "^packages/types/src/|(^|/)node_modules/typebox/" },
    },
    {
      name: "client-stands-alone",
      comment: "The SDK is imported by strangers: only types, and what Node has built in.",
      severity: "error",
      from: { path: "^packages/client/src/", pathNot: tests },
      to: { pathNot: "^packages/(client|types)/src/", dependencyTypesNot: ["core"] },
    },
    {
      name: "devstack-starts-nothing-in-production",
      comment: "The embedded servers are for tests, bench and the launcher.",
      severity: "error",
      from: { pathNot: `^packages/devstack/|^infra/local/|^bench/|${tests}` },
      to: { path: "^packages/devstack/" },
    },
    {
      name: "packages-by-name",
      comment: "A workspace enters another by its package name, never by a relative path.",
      severity: "error",
      from: { path: "^(packages|services)/([^/]+)/" },
      to: {
        path: "^(packages|services)/",
        pathNot: "^(packages|services)/$2/",
        dependencyTypesNot: ["aliased-workspace"],
      },
    },
    {
      name: "routes-belong-to-their-slice",
      comment: "A slice may use another slice's changes.ts or queries.ts, never its routes.ts.",
      severity: "error",
      from: { path: "^services/([^/]+)/src/(.+)/[^/]+$" },
      to: { path: "^services/[^/]+/src/.+/routes\\.ts$", pathNot: "^services/$1/src/$2/" },
    },
    ...modulesOf("services/catalog/src", "catalog", catalogModules),
    ...modulesOf("services/telemetry/src", "telemetry", telemetryModules),
    {
      name: "production-imports-no-test-code",
      comment: "What runs never imports what tests it.",
      severity: "error",
      from: { path: "^(packages|services)/[^/]+/src/", pathNot: tests },
      to: { path: tests },
    },
    onlyIn(
      "express",
      `^packages/http/|^services/.*/([a-z-]*routes|change|api|ingest|query)\\.ts$|^bench/catalog/|${naive}`,
    ),
    onlyIn("pg", "^packages/(postgres|devstack)/|^bench/catalog/wire\\.ts$"),
    onlyIn("node-pg-migrate", "^packages/postgres/"),
    onlyIn("kafkajs", `^packages/kafka/|${naive}`),
    onlyIn("@clickhouse/client", `^packages/clickhouse/|${naive}`),
    onlyIn("pino", "^packages/runtime/"),
    onlyIn("prom-client", "^packages/runtime/"),
    onlyIn("nodemailer", "^services/catalog/src/accounts/mails/"),
    onlyIn("openid-client", "^services/catalog/src/sign-in/oauth/"),
  ],
  options: {
    // TypeScript 7 has no JavaScript API any more; swc reads the same syntax, type imports included.
    parser: "swc",
    tsPreCompilationDeps: true,
    doNotFollow: { path: "node_modules" },
    // A project of its own, which is compiled with what generators put beside it.
    exclude: { path: "^test/real-clients/typescript/" },
    combinedDependencies: true,
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default", "types"],
      extensions: [".ts", ".mjs", ".js", ".d.ts"],
    },
  },
};
