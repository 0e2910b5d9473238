import { createHash, randomUUID } from "node:crypto";
import type { Producer } from "@mosis/kafka";
import type { ErasureRequest } from "@mosis/types/erasures";
import { topics } from "@mosis/types/topics";
import { nextPosition } from "./support.ts";

interface Owner {
  app_id: string;
  developer_id: string;
}

export function erasureOf({ app_id, developer_id }: Owner, install_id: string): ErasureRequest {
  return {
    erasure_id: randomUUID(),
    app_id,
    developer_id,
    install_id,
    install_hash: createHash("sha256").update(install_id).digest("hex"),
    requested_at: new Date().toISOString(),
  };
}

/** Asks for an erasure as the catalog publishes it. */
export async function askErasure(
  producer: Pick<Producer, "send">,
  owner: Owner,
  install_id: string,
): Promise<ErasureRequest> {
  const request = erasureOf(owner, install_id);
  const message = { key: request.erasure_id, value: JSON.stringify(request), headers: nextPosition() };
  await producer.send([{ topic: topics.erasures, messages: [message] }]);
  return request;
}
