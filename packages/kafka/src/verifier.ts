import type { Logger, Metrics } from "@mosis/runtime";
import { isOutboxTopic, outboxHeaders, type Topic } from "@mosis/types/topics";
import type { IncomingRecord } from "./record.ts";
import type { RecordPublicKeys } from "./record-keys.ts";
import { isRootSigned, leafOf, readSignature, type SignatureParts } from "./signature.ts";

/** The reason why a record is not one that the relay has published. */
export type Forgery = "unsigned" | "position_invalid" | "signing_key_unknown" | "signature_invalid";

export interface RecordVerifier {
  /**
   * Returns a value for each record: null when the relay has signed it. Unsigned records are counted, and
   * logged from time to time.
   */
  verify(topic: Topic, records: readonly IncomingRecord[]): Promise<(Forgery | null)[]>;
  /**
   * Counts a record that is signed, but older than the known one of its key: it was sent twice, or replayed.
   */
  outdated(topic: Topic): void;
}

/**
 * The number of verified roots that are kept. The records of one root are read next to each other, or not at
 * all.
 * @limit signed roots that a reader remembers
 */
const goodRootsMax = 10_000;
/**
 * The shortest time between two such log lines: somebody who may write to a topic must not fill a disk with
 * them.
 */
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
      // There is one check for all records of a root, and all checks run at once.
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

/** Counts every forged record, and logs the first one of a minute. */
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
  /** A name made of key, root and signature: the same name, the same check. */
  name: string;
}

/** Returns what a record claims about its signature, or why that cannot be true. */
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
 * Returns the verifier that a topic needs; null when its records are not signed.
 * @throws Error when there is none: records of the relay must not be read unchecked.
 */
export function verifierFor(
  topic: Topic,
  { verifier }: { verifier?: RecordVerifier | undefined },
): RecordVerifier | null {
  if (!isOutboxTopic(topic)) return null;
  if (!verifier) throw new Error(`${topic} is signed and cannot be read without a verifier.`);
  return verifier;
}
