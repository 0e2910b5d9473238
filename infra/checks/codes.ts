// Makes docs/codes.md, the page of every code that the platform answers with, from the closed lists in
// packages/types. Without `--write` it fails when the page differs from the lists.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { readFlags } from "@mosis/runtime";
import { problems } from "@mosis/types/problems";
import { reviewCodes } from "@mosis/types/reviews";
import { eventCodes } from "@mosis/types/telemetry";

const file = "docs/codes.md";
const usage = `Usage: npm run codes [-- --write]

  Compares ${file} with the lists of codes; --write makes it from them.`;
const flags = readFlags(usage, ["write"]) ?? process.exit();
const page = pageOfCodes();

if (flags.has("write")) {
  writeFileSync(file, page);
  console.log(`${file} written`);
} else {
  const isFresh = existsSync(file) && readFileSync(file, "utf8") === page;
  console.log(isFresh ? `${file} is what the lists say` : `${file} is stale; run npm run codes -- --write`);
  process.exitCode = isFresh ? 0 : 1;
}

function pageOfCodes(): string {
  return `# Codes

Made by \`npm run codes -- --write\` from \`packages/types/src/problems.ts\`,
\`packages/types/src/telemetry.ts\` and \`packages/types/src/reviews.ts\`: change those, not this page.

Codes are stable: match on them, never on a sentence. A later version may add one, and takes none away.

## Problems
An answer with a status from 400 on is \`application/problem+json\` (RFC 9457). Its \`code\` is one of
these, and its \`type\` is \`https://mosis.dev/problems/<code>\`: a name for the code, which need not be
fetched.

${table(
  ["code", "status", "title"],
  Object.entries(problems).map(([code, [status, title]]) => [`\`${code}\``, String(status), title]),
)}

## Events
The \`code\` of an entry in \`results\` of a telemetry batch, and of a row in \`rejected_events\`.

${table(
  ["code", "fix"],
  Object.entries(eventCodes).map(([code, fix]) => [`\`${code}\``, fix]),
)}

## Reviews
Why a version is rejected: \`codes\` of \`POST /v1/reviews/{id}:reject\`, \`faults\` of a version's review.

${table(
  ["code", "fix"],
  Object.entries(reviewCodes).map(([code, fix]) => [`\`${code}\``, fix]),
)}
`;
}

function table(head: string[], rows: string[][]): string {
  const [first, ...others] = [head, ...rows].map((cells) => `| ${cells.join(" | ")} |`);
  return [first, `|${"---|".repeat(head.length)}`, ...others].join("\n");
}
