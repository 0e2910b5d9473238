import { domainToASCII } from "node:url";
import { problem } from "@mosis/http";

/**
 * Returns the only form in which an address is stored and used; null when the text is no address. The domain
 * is in A-labels and lower case, because mail is routed by it. The local part is in NFC, without quotes and
 * without letters that only look different (full width, circled), so that one mailbox is one account.
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
 * @param pointer is the place of the address in the body.
 * @throws Problem `invalid_request` (400) with the code `email_invalid`.
 */
export function requireEmail(text: string, pointer = "/email"): string {
  const email = canonicalEmail(text);
  if (email !== null) return email;
  const message = "is not an address that can receive mail";
  const fix =
    "Send name@domain: letters, digits and .!#$%&'*+/=?^_`{|}~- before the @, a public domain after it.";
  throw problem("invalid_request", "The e-mail address is not valid; see errors.", {
    errors: [{ pointer, code: "email_invalid", message, fix }],
  });
}

/** The characters that the column has room for. */
const addressLengthMax = 255;
/** The limit of RFC 5321 §4.5.3.1.1. */
const localBytesMax = 64;
const labelLengthMax = 63;

/**
 * Returns true for a dot-atom of RFC 5321 §4.1.2. The letters of RFC 6531 §3.3 are allowed when they are
 * visible and have only one form.
 */
function isLocalPart(local: string): boolean {
  if (Buffer.byteLength(local) > localBytesMax) return false;
  if (local.normalize("NFKC") !== local || /\p{Default_Ignorable_Code_Point}/u.test(local)) return false;
  return local.split(".").every((atom) => atom !== "" && !/["(),:;<>@[\\\]]/.test(atom));
}

function isDomain(domain: string): boolean {
  const labels = domain.split(".");
  // A domain whose last label has only digits is an IP address.
  if (labels.length < 2 || /^\d+$/.test(labels.at(-1) ?? "")) return false;
  return labels.every(
    (label) =>
      label.length <= labelLengthMax &&
      /^[a-z0-9-]+$/.test(label) &&
      !label.startsWith("-") &&
      !label.endsWith("-"),
  );
}
