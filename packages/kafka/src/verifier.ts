import type { Logger, Metrics } from "@mosis/runtime";
import { isOutboxTopic, outboxHeaders, type Topic } from "@mosis/types/topics";
import type { IncomingRecord } from "./record.ts";
import type { RecordPublicKeys } from "./record-keys.ts";
import { isRootSigned, leafOf, readSignature, type SignatureParts } from "./signature.ts";

/** Why a record is not what the relay has published. */
export type Forgery = "unsigned" | "position_invalid" | "signing_key_unknown" | "signature_invalid";

export interface RecordVerifier {
  /** By record: null when the relay has signed it. What it has not is counted, and logged now and then. */
  verify(topic: Topic, records: readonly IncomingRecord[]): Promise<(Forgery | null)[]>;
  /** Counts a record that is signed, but older than what is known of its key: sent twice, or replayed. */
  outdated(topic: Topic): void;
}

/** Roots that were found good: the records of one are read next to each other, or not at all. */
const goodRootsMax = 10_000;
/** Whoever may write to a topic must not fill a disk with our complaints. */
const logIntervalMs = 60_000;

const reasons: Readonly<Record<Forgery, string>> = {
  unsigned: "has no signature",
  position_invalid: "has no position",
  signing_key_unknown: "is signed with a key that is not one of CATALOG_RECORD_PUBLIC_KEYS",
  signature_invalid: "has a signature that is not its own",
};

export function createRecordVerifier(options: {
  publicKeys: RecordPublicKeys;
  log: Logger;
  metrics: Metrics;
}): RecordVerifier {
  const { publicKeys, metrics } = options;
  const goodRoots = new Set<string>();
  const complain = createComplaints(options);
  const outdated = metrics.counter(
    "records_outdated_total",
    "Signed records that were ignored because a later one of their key is known.",
    ["topic"],
  );

  const isGood = async (claim: Claim): Promise<boolean> => {
    if (goodRoots.has(claim.name)) return true;
    const publicKey = publicKeys.get(claim.signingKey);
    if (!publicKey || !(await isRootSigned(claim, publicKey))) return false;
    if (goodRoots.size >= goodRootsMax) goodRoots.clear();
    goodRoots.add(claim.name);
    return true;
  };

  return {
    async verify(topic, records) {
      const claims = records.map((record) => claimOf(topic, record, publicKeys));
      // One check for all records of a root, and all checks at once.
      const checks = new Map<string, Promise<boolean>>();
      for (const claim of claims) {
        if (typeof claim !== "string" && !checks.has(claim.name)) checks.set(claim.name, isGood(claim));
      }
      const verdicts = await Promise.all(
        claims.map(async (claim): Promise<Forgery | null> => {
          if (typeof claim === "string") return claim;
          return (await checks.get(claim.name)) ? null : "signature_invalid";
        }),
      );
      for (const [index, verdict] of verdicts.entries()) {
        if (verdict) complain(topic, verdict, records[index] as IncomingRecord);
      }
      return verdicts;
    },
    outdated: (topic) => outdated.inc({ topic }),
  };
}

/** Counts every forged record, and logs the first of a minute. */
function createComplaints({ log, metrics }: { log: Logger; metrics: Metrics }) {
  const loggedAtMs = new Map<string, number>();
  const forged = metrics.counter(
    "records_forged_total",
    "Records that were ignored because the catalog has not signed them.",
    ["topic", "reason"],
  );
  return (topic: Topic, reason: Forgery, { offset, headers }: IncomingRecord): void => {
    forged.inc({ topic, reason });
    const place = `${topic} ${reason}`;
    const nowMs = Date.now();
    if (nowMs - (loggedAtMs.get(place) ?? -Infinity) < logIntervalMs) return;
    loggedAtMs.set(place, nowMs);
    const signingKey = headers[outboxHeaders.signingKey]?.toString("latin1").slice(0, 40);
    log.error(
      { topic, offset, reason, signing_key: signingKey },
      `A record of ${topic} ${reasons[reason]}, and is ignored; more of them are only counted for a minute`,
    );
  };
}

interface Claim extends SignatureParts {
  signingKey: string;
  /** Of key, root and signature: the same name, the same check. */
  name: string;
}

/** What a record says of its signature, or why that cannot be true. */
function claimOf(topic: Topic, record: IncomingRecord, publicKeys: RecordPublicKeys): Claim | Forgery {
  const { key, value, headers } = record;
  const signingKey = headers[outboxHeaders.signingKey]?.toString("latin1");
  const header = headers[outboxHeaders.signature];
  const position = headers[outboxHeaders.position];
  if (signingKey === undefined || header === undefined || key === null) return "unsigned";
  if (!position || !/^\d{1,15}$/.test(position.toString("latin1"))) return "position_invalid";
  if (!publicKeys.has(signingKey)) return "signing_key_unknown";
  const parts = readSignature(leafOf({ topic, key, position, value }), header);
  if (!parts) return "signature_invalid";
  const name = `${signingKey} ${parts.root.toString("latin1")}${parts.signature.toString("latin1")}`;
  return { ...parts, signingKey, name };
}

/**
 * The verifier that a topic needs; null when nobody signs it.
 * @throws Error when there is none: what the relay publishes must not be read without.
 */
export function verifierFor(
  topic: Topic,
  { verifier }: { verifier?: RecordVerifier | undefined },
): RecordVerifier | null {
  if (!isOutboxTopic(topic)) return null;
  if (!verifier) throw new Error(`${topic} is signed and cannot be read without a verifier.`);
  return verifier;
}
