import { isIP } from "node:net";
import { problem } from "@mosis/http";
import { otherSpelling } from "../../shared/canonical-url.ts";
import type { JudgeAddress } from "./address.ts";

/** The rules of `readWebhookUrl`, which depend on the operator's settings. */
export interface UrlRules {
  judge: JudgeAddress;
  /** True only where an operator allows private targets, and then http is possible only to those. */
  allowsHttp: boolean;
}

/**
 * The allowed ports are those of the web and those that need no privilege, so that a URL does not reach
 * another service by mistake.
 */
const unprivilegedPortMin = 1024;

/**
 * Reads the URL of a webhook. The address behind a name may change, so it is judged at every attempt, not
 * here.
 * @returns the URL as it is stored and requested, with its host.
 * @throws Problem `invalid_request` that says what is wrong.
 */
export function readWebhookUrl(text: string, { judge, allowsHttp }: UrlRules): { url: string; host: string } {
  if (!URL.canParse(text)) throw refused("url_malformed", "is not a URL", "Send https://host/path.");
  const url = new URL(text);
  if (url.protocol !== "https:" && !(url.protocol === "http:" && allowsHttp)) {
    throw refused("https_required", "is not https", "Send a URL that starts with https://.");
  }
  if (url.username !== "" || url.password !== "") {
    throw refused("credentials_in_url", "holds credentials", "Verify the signature instead.");
  }
  if (url.hash !== "")
    throw refused("fragment_in_url", "has a fragment", "Remove # and everything after it.");
  const port = portOf(url);
  if (port !== 443 && port !== 80 && port < unprivilegedPortMin) {
    throw refused("port_refused", `has port ${port}`, "Use 443, 80, or a port from 1024 up.");
  }
  const address = hostnameOf(url);
  if (isIP(address) !== 0 && judge(address, port) === "blocked") {
    throw refused("address_blocked", "is in a private network", "Use a public address.");
  }
  if (url.href.length > 2048 || address.length > 253) {
    throw refused("url_malformed", "is too long", "Shorten it.");
  }
  // This check comes last, so that no other spelling is suggested for a URL that would be refused.
  const spelling = otherSpelling(text, url);
  if (spelling !== null) {
    throw refused("url_spelling", "is read differently by different parsers", `Send ${spelling}.`);
  }
  return { url: url.href, host: address };
}

/** Returns the name or address, without the brackets of IPv6. */
export function hostnameOf({ hostname }: URL): string {
  return hostname.startsWith("[") ? hostname.slice(1, -1) : hostname;
}

/** Returns the port that a request goes to. */
export function portOf({ port, protocol }: URL): number {
  return Number(port || (protocol === "http:" ? 80 : 443));
}

function refused(code: string, message: string, fix: string) {
  return problem("invalid_request", `The URL ${message}. ${fix}`, {
    errors: [{ pointer: "/url", code, message, fix }],
  });
}
