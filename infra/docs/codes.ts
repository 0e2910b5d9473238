import { problems } from "@mosis/types/problems";
import { reviewCodes } from "@mosis/types/reviews";
import { eventCodes } from "@mosis/types/telemetry";
import { table } from "./sections.ts";

/** Returns the table of the codes of errors. */
export function problemCodeTable(): string {
  const rows = Object.entries(problems);
  return table(
    ["code", "status", "title"],
    rows.map(([code, [status, title]]) => [`\`${code}\``, String(status), title]),
  );
}

/** Returns the table of the codes of events that were changed or refused. */
export function eventCodeTable(): string {
  return fixes(eventCodes);
}

/** Returns the table of the codes of rejected versions. */
export function reviewCodeTable(): string {
  return fixes(reviewCodes);
}

function fixes(codes: Record<string, string>): string {
  return table(
    ["code", "fix"],
    Object.entries(codes).map(([code, fix]) => [`\`${code}\``, fix]),
  );
}
