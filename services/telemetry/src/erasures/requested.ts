import type { Logger } from "@mosis/runtime";
import { type Erasure, ErasureRequest, requestedErasure } from "@mosis/types/erasures";
import { topics } from "@mosis/types/topics";
import { Compile } from "typebox/compile";
import { readState } from "../access/state-record.ts";

/**
 * How long `telemetry.erasures` keeps a request: an older one has ended, or the topic has forgotten it too.
 */
const keptMs = 8 * 86_400_000;
const checkRequest = Compile(ErasureRequest);

export interface RequestedErasures {
  /** Applies one record of `telemetry.erasures`. */
  apply(id: string, value: Buffer | null): void;
  find(appId: string, id: string): Erasure | null;
  list(appId: string): Erasure[];
}

/** Keeps the erasures that were requested recently in memory, ended or not, without install ids. */
export function createRequestedErasures({ log }: { log: Logger }): RequestedErasures {
  const byId = new Map<string, Erasure>();
  return {
    apply(id, value) {
      const request = value && readState(value, checkRequest, { log, topic: topics.erasures, id });
      if (!request) return;
      const { erasure_id } = request;
      byId.set(erasure_id, requestedErasure(erasure_id, request));
      const forgottenMs = Date.now() - keptMs;
      for (const [old, { requested_at }] of byId) {
        if (Date.parse(requested_at) > forgottenMs) break;
        byId.delete(old);
      }
    },
    find(appId, id) {
      const erasure = byId.get(id);
      return erasure?.app_id === appId ? erasure : null;
    },
    list: (appId) => [...byId.values()].filter(({ app_id }) => app_id === appId),
  };
}
