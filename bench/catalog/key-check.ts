// A server whose two routes differ by one line: the cost of a key is the difference between them. The first
// argument is the URL of PostgreSQL for the api's role; the server sends its own URL to the parent.
import { createApp, createClientAddress, listen, openApiDocument, createRateLimits } from "@mosis/http";
import { openPool } from "@mosis/postgres";
import { createLogger, createMetrics } from "@mosis/runtime";
import { Router } from "express";
import { createAuthenticate } from "../../services/catalog/src/access/authenticate.ts";
import { createSenderOf } from "../../services/catalog/src/access/call.ts";
import { createCredentials } from "../../services/catalog/src/access/credentials.ts";
import { everyone } from "../../services/catalog/src/access/principal.ts";

const log = createLogger({ service: "bench", level: "warn" });
const timeouts = { connectTimeoutMs: 10_000, statementTimeoutMs: 10_000 };
const db = openPool({ url: process.argv[2] ?? "", name: "bench", log, connectionsMax: 10, ...timeouts });
const clientAddress = createClientAddress([]);
const rates = { reads: 1e9, writes: 1e9, publicReads: 1e9, publicWrites: 1e9 };
const limits = createRateLimits({ rates, clientAddress });
const credentials = createCredentials(db.as(everyone));
const authenticate = createAuthenticate({ db, credentials, limits, senderOf: createSenderOf(clientAddress) });

const router = Router();
router.get("/open", (_req, res) => void res.json({ ok: true }));
router.get("/checked", async (req, res) => {
  await authenticate(req, res, "apps:read");
  res.json({ ok: true });
});
const { app } = createApp({
  log,
  metrics: createMetrics({ service: "bench" }),
  ready: {},
  routes: [router],
  openapi: openApiDocument({ title: "bench", version: "1", description: "", operations: [] }),
});
const { url } = await listen(app, { port: 0, requestTimeoutMs: 30_000, headersTimeoutMs: 10_000 });
process.send?.({ url });
process.once("disconnect", () => process.exit());
