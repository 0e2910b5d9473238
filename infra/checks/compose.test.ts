// Checks docker-compose.yml without an engine: which container gets which variable, and its limits. Guards
// the invariant "each process reaches in a store what it needs" (INVARIANTS.md).
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { EnvSpec } from "@mosis/runtime";
import { parse } from "yaml";
import { jobs, services } from "../local/services.ts";

interface Container {
  command?: string[];
  environment?: Record<string, string | number>;
  read_only?: boolean;
  cap_drop?: string[];
  cap_add?: string[];
  security_opt?: string[];
  mem_limit?: string;
  pids_limit?: number;
}

const { services: containers } = parse(
  readFileSync(new URL("../../docker-compose.yml", import.meta.url), "utf8"),
  { merge: true },
) as { services: Record<string, Container> };

const processes: readonly { main: string; variables: EnvSpec }[] = [
  ...Object.values(services),
  ...Object.values(jobs),
];

// INVARIANT 70
test("a container of ours gets the variables that its process declares, and all that it needs", () => {
  for (const { main, variables } of processes) {
    const [name, container] = Object.entries(containers).find(([, it]) => it.command?.at(-1) === main) ?? [];
    assert.ok(name !== undefined && container, `${main} has a container`);
    const given = Object.keys(container.environment ?? {});
    assert.deepEqual(
      given.filter((variable) => !(variable in variables)),
      [],
      `${name} gets what it does not declare`,
    );
    const needed = Object.keys(variables).filter((variable) => variables[variable]?.fallback === undefined);
    assert.deepEqual(
      needed.filter((variable) => !given.includes(variable)),
      [],
      `${name} needs more`,
    );
  }
});

test("each process logs in to PostgreSQL as a role of its own", () => {
  const users = Object.entries(containers).flatMap(([name, { environment = {} }]) => {
    const url = environment["DATABASE_URL"];
    return url === undefined ? [] : [[name, /^postgres:\/\/(\w+):/.exec(String(url))?.[1]]];
  });
  assert.deepEqual(Object.fromEntries(users), {
    "catalog-migrate": "mosis",
    "catalog-api": "mosis_api",
    "catalog-relay": "mosis_relay",
    "catalog-webhooks": "mosis_webhooks",
  });
});

test("no container keeps a capability that it does not need, gains one, or takes the whole machine", () => {
  const becoming = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"];
  // The reason is beside each one in the file.
  const exceptions: Record<string, { cap_add?: string[]; read_only?: false }> = {
    postgres: { cap_add: becoming },
    clickhouse: { cap_add: becoming, read_only: false },
    kafka: { read_only: false },
  };
  for (const [name, container] of Object.entries(containers)) {
    const { cap_drop, cap_add = [], security_opt, read_only, mem_limit, pids_limit } = container;
    assert.deepEqual(cap_drop, ["ALL"], name);
    assert.deepEqual(cap_add, exceptions[name]?.cap_add ?? [], name);
    assert.deepEqual(security_opt, ["no-new-privileges:true"], name);
    assert.equal(read_only ?? false, exceptions[name]?.read_only ?? true, name);
    assert.match(mem_limit ?? "", /^[1-9]\d*g$/, name);
    assert.ok((pids_limit ?? 0) > 0, name);
  }
});
