import { domainToASCII } from "node:url";
import { problem } from "@mosis/http";

/**
 * The one form of an address that is stored and written to; null for what is no address. The domain is in
 * A-labels and lower case, as mail is routed by it; the part before is in NFC, without quotes and without
 * letters that only look different (full width, circled): one mailbox is one account.
 */
export function canonicalEmail(text: string): string | null {
  const at = text.lastIndexOf("@");
  const local = text.slice(0, Math.max(at, 0)).normalize("NFC");
  const domain = domainToASCII(text.slice(at + 1));
  if (!text.isWellFormed() || /[\p{Cc}\p{Z}]/u.test(text) || !isLocalPart(local) || !isDomain(domain))
    return null;
  const email = `${local}@${domain}`;
  return Array.from(email).length > addressLengthMax ? null : email;
}

/**
 * @param pointer where it is in the body.
 * @throws Problem `invalid_request` (400) with the code `email_invalid`.
 */
export function requireEmail(text: string, pointer = "/email"): string {
  const email = canonicalEmail(text);
  if (email !== null) return email;
  const message = "is no address that mail can be sent to";
  const fix =
    "Send name@domain: letters, digits and .!#$%&'*+/=?^_`{|}~- before the @, a public domain behind.";
  throw problem("invalid_request", "The e-mail address is not one that we take; see errors.", {
    errors: [{ pointer, code: "email_invalid", message, fix }],
  });
}

/** What the column has room for, in characters. */
const addressLengthMax = 255;
/** RFC 5321 §4.5.3.1.1. */
const localBytesMax = 64;
const labelLengthMax = 63;

/** A dot-atom of RFC 5321 §4.1.2, with the letters of RFC 6531 §3.3 as far as they are seen and are one. */
function isLocalPart(local: string): boolean {
  if (Buffer.byteLength(local) > localBytesMax) return false;
  if (local.normalize("NFKC") !== local || /\p{Default_Ignorable_Code_Point}/u.test(local)) return false;
  return local.split(".").every((atom) => atom !== "" && !/["(),:;<>@[\\\]]/.test(atom));
}

function isDomain(domain: string): boolean {
  const labels = domain.split(".");
  // A name of numbers only is an address.
  if (labels.length < 2 || /^\d+$/.test(labels.at(-1) ?? "")) return false;
  return labels.every(
    (label) =>
      label.length <= labelLengthMax &&
      /^[a-z0-9-]+$/.test(label) &&
      !label.startsWith("-") &&
      !label.endsWith("-"),
  );
}
