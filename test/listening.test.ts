// Tests where the six processes listen in production.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "node:test";
import { freePorts } from "@mosis/devstack";
import { type ServiceName, serviceNames } from "../infra/local/services.ts";
import { startPlatform } from "./platform.ts";

/**
 * An address of this machine that is not 127.0.0.1: a process that listens on every address answers there.
 */
const otherAddress = "127.0.0.2";
const managementPaths = ["/healthz", "/readyz", "/metrics", "/openapi.json", "/docs", "/docs/start.js"];

// INVARIANT 55
test("every process listens on 127.0.0.1 alone, unless its HOST says otherwise", async (t) => {
  const [managementPort] = await freePorts(1);
  const platform = await startPlatform(t, {
    QUERY_HOST: "0.0.0.0",
    INGEST_MANAGEMENT_PORT: String(managementPort),
  });
  const reached = async (name: ServiceName) => {
    const { port } = new URL(platform.processUrl(name));
    return [await answers("127.0.0.1", port), await answers(otherAddress, port)];
  };
  const found = await Promise.all(serviceNames.map(async (name) => [name, await reached(name)]));
  const expected = serviceNames.map((name) => [name, [true, name === "query"]]);
  assert.deepEqual(Object.fromEntries(found), Object.fromEntries(expected));

  await t.test("health, metrics and the reference page are on the management port alone", async () => {
    const management = `http://127.0.0.1:${managementPort}`;
    assert.ok(!(await answers(otherAddress, String(managementPort))));
    for (const path of managementPaths) {
      assert.equal((await fetch(platform.urls.ingest + path)).status, 404, path);
      assert.equal((await fetch(management + path)).status, 200, path);
      assert.equal((await fetch(platform.urls.catalog + path)).status, 200, path);
    }
    const batch = { method: "POST", body: "{}" };
    assert.equal((await fetch(`${platform.urls.ingest}/v1/telemetry/batches`, batch)).status, 401);
    assert.equal((await fetch(`${management}/v1/telemetry/batches`, batch)).status, 404);
  });
});

/** Returns true when something accepts connections there. */
async function answers(host: string, port: string): Promise<boolean> {
  const socket = connect(Number(port), host);
  try {
    await once(socket, "connect");
    return true;
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, "ECONNREFUSED");
    return false;
  } finally {
    socket.destroy();
  }
}
