import { problem, createRouter } from "@mosis/http";
import type { LagReader } from "@mosis/kafka";
import { Uuid } from "@mosis/types/formats";
import type { Receipt } from "@mosis/types/telemetry";
import type { Router } from "express";
import { Compile } from "typebox/compile";
import type { Grant } from "../access/access-table.ts";
import type { Authenticate } from "../access/authenticate.ts";
import type { StoreOf } from "../store/store-shares.ts";
import { findOwnReceipt } from "./queries.ts";

interface ReceiptDeps {
  storeOf: StoreOf;
  /** How far the writers are behind, in the topics of batches and apps. */
  writerLag: Pick<LagReader, "read">;
  authenticate: Authenticate;
}

const uuid = Compile(Uuid);

export function receiptRoutes({ storeOf, writerLag, authenticate }: ReceiptDeps): Router {
  const router = createRouter();

  router.get("/v1/telemetry/batches/:batch_id", async (req, res) => {
    const grant = await authenticate(req, res, ["telemetry:write", "telemetry:read"]);
    const id = req.params.batch_id;
    const receipt = uuid.Check(id) ? await receiptOf({ storeOf, writerLag }, grant, id.toLowerCase()) : null;
    if (!receipt) throw problem("not_found", "There is no such batch.");
    res.json(receipt);
  });

  return router;
}

/**
 * Finds a receipt: 1 look; 2 ask how far storing is behind: everything that is acknowledged by now is stored
 * or counted there; 3 look again, for what was stored between the two. Before step 3 a batch of somebody else
 * and one that does not exist look the same: nothing is found.
 */
async function receiptOf(
  { storeOf, writerLag }: Pick<ReceiptDeps, "storeOf" | "writerLag">,
  grant: Grant,
  batchId: string,
): Promise<Receipt | null> {
  const store = storeOf(grant);
  const stored = await findOwnReceipt(store, grant, batchId);
  if (stored) return stored;
  const lags = await writerLag.read();
  if (lags.some(({ records }) => records > 0)) return inFlight(batchId);
  return findOwnReceipt(store, grant, batchId);
}

function inFlight(batchId: string): Receipt {
  return {
    batch_id: batchId,
    package_id: null,
    state: "in_flight",
    deliveries: 0,
    accepted: 0,
    rejected: 0,
    dropped: 0,
    first_received_at: null,
    stored_at: null,
  };
}
