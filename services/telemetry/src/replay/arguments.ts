import { parseArgs } from "node:util";
import { type Topic, topics } from "@mosis/types/topics";
import { replayedByDefault } from "./dead-letters.ts";

const recordsMaxBound = 1_000_000;

export const replayUsage =
  "Usage: replay dead-letters [--topic T] [--limit N] [--dry-run] [--from-beginning]";

/**
 * Reads the arguments of the job.
 * @throws Error that says what is wrong with an argument.
 */
export function readReplayArguments(args: string[]): {
  topics: readonly Topic[];
  recordsMax: number;
  isDryRun: boolean;
  isFromBeginning: boolean;
} {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      topic: { type: "string" },
      limit: { type: "string", default: String(recordsMaxBound) },
      "dry-run": { type: "boolean", default: false },
      "from-beginning": { type: "boolean", default: false },
    },
  });
  if (positionals.join(" ") !== "dead-letters") throw new Error(replayUsage);
  const recordsMax = Number(values.limit);
  if (!Number.isInteger(recordsMax) || recordsMax < 1 || recordsMax > recordsMaxBound) {
    throw new Error(`--limit must be a whole number from 1 to ${recordsMaxBound}, not ${values.limit}.`);
  }
  return {
    topics: topicsOf(values.topic),
    recordsMax,
    isDryRun: values["dry-run"],
    isFromBeginning: values["from-beginning"],
  };
}

/** The state of an app is replayed only on request: it would replace a newer one with the old one. */
function topicsOf(asked: string | undefined): readonly Topic[] {
  if (asked === undefined) return replayedByDefault;
  const known: readonly Topic[] = [...replayedByDefault, topics.apps];
  const found = known.find((topic) => topic === asked);
  if (!found) throw new Error(`--topic must be one of ${known.join(", ")}, not ${asked}.`);
  return [found];
}
