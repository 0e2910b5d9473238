import { isIP } from "node:net";
import { problem } from "@mosis/http";
import { otherSpelling } from "../../shared/canonical-url.ts";

/** The number of characters of a URL that a refusal repeats. */
const shownMax = 300;

/**
 * Requires a public host, because the devices of anybody get packages from there. We ask no name server: the
 * answer may change, and nothing of ours ever opens the URL.
 * @throws Problem `invalid_request` (400).
 */
export function requirePublicUrl(text: string): void {
  const message = faultOf(text);
  if (message === null) return;
  throw problem("invalid_request", "Devices cannot use the package_url; see errors.", {
    errors: [
      {
        pointer: "/package_url",
        code: "package_url",
        message,
        fix: "Send an https URL of a public host name, without user, password and fragment.",
      },
    ],
  });
}

function faultOf(text: string): string | null {
  const url = URL.parse(text);
  if (url?.protocol !== "https:") return "must be an https URL";
  if (url.username !== "" || url.password !== "") return "must not have a user or a password";
  if (text.includes("#")) return "must not have a fragment";
  const spelling = otherSpelling(text, url);
  if (spelling !== null) return `must be written as ${spelling.slice(0, shownMax)}`;
  const host = url.hostname.replace(/\.$/, "");
  // The parser has rewritten every form of an IPv4 address, such as 0x7f000001, as four numbers.
  if (isIP(host.replaceAll(/[[\]]/g, "")) !== 0) return "must have a host name, not an address";
  // DNS has no name with an empty label between two dots.
  if (host.split(".").includes("")) return "must have a host name without empty parts";
  if (!host.includes(".") || privateName.test(host)) return "must have the name of a public host";
  return null;
}

/** The names that are never public (RFC 6761, RFC 6762, RFC 8375, RFC 9476, and `.internal` of ICANN). */
const privateName = /\.(localhost|local|internal|home\.arpa|alt|test|invalid|onion|lan|localdomain)$/;
