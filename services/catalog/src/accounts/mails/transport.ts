import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createTransport } from "nodemailer";

/** One mail that is ready to be sent. */
interface Letter {
  /** The same at every attempt, so that mailboxes recognise a second copy. */
  id: string;
  to: string;
  subject: string;
  text: string;
}

export interface MailTransport {
  /**
   * Sends a mail.
   * @throws Error when it was not sent; with `isFinal`, when it never will be.
   */
  send(letter: Letter): Promise<void>;
  close(): void;
}

/**
 * A mail that was refused for good. The error contains no address, although the server's text may: it may be
 * logged.
 */
export class MailRefused extends Error {
  constructor(code: number) {
    super(`The mail server refused the mail with ${code}.`);
    this.name = "MailRefused";
  }
}

/** The timeout of each step of SMTP. All of them together stay below the lease of a mail. */
const stepTimeoutMs = 10_000;

/**
 * Opens the transport of mails.
 * @param url `smtp://user:password@host:587` (STARTTLS where the server has it), `smtps://…:465`, or
 * `file:///folder`, where each mail becomes a file.
 * @param from is the sender, for example `Mosis <no-reply@mosis.example>`.
 */
export function openMailTransport({ url, from }: { url: string; from: string }): MailTransport {
  return url.startsWith("file:") ? toFolder(fileURLToPath(url), from) : toServer(url, from);
}

function toServer(url: string, from: string): MailTransport {
  const { protocol, hostname, port, username, password, searchParams } = new URL(url);
  const transport = createTransport({
    host: hostname,
    ...(port === "" ? {} : { port: Number(port) }),
    secure: protocol === "smtps:",
    requireTLS: searchParams.get("tls") === "required",
    ...(username === ""
      ? {}
      : { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } }),
    pool: true,
    maxConnections: 2,
    connectionTimeout: stepTimeoutMs,
    greetingTimeout: stepTimeoutMs,
    socketTimeout: stepTimeoutMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return {
    async send(letter) {
      try {
        await transport.sendMail(composed(letter, from));
      } catch (error) {
        throw asRefusal(error);
      }
    },
    close: () => transport.close(),
  };
}

/**
 * Writes each mail as `<time>-<id>.eml`, which every mail program opens. The file is complete when it
 * appears.
 */
function toFolder(folder: string, from: string): MailTransport {
  const transport = createTransport({ streamTransport: true, buffer: true });
  return {
    async send(letter) {
      const { message } = await transport.sendMail(composed(letter, from));
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const name = `${new Date().toISOString().replaceAll(":", "-")}-${letter.id}.eml`;
      const unfinished = join(folder, `.${name}`);
      // Only the owner may read it: it may open an account.
      await writeFile(unfinished, message as Buffer, { mode: 0o600 });
      await rename(unfinished, join(folder, name));
    },
    close: () => transport.close(),
  };
}

function composed({ id, to, subject, text }: Letter, from: string) {
  return {
    from,
    // The address is an object, because a text would be read as a list of addresses, and could have several.
    to: { name: "", address: to },
    subject,
    text,
    messageId: `<${id}@mosis>`,
    headers: { "Auto-Submitted": "auto-generated" },
  };
}

/** Returns MailRefused for a 5xx of SMTP about the recipient (RFC 5321 §4.2.1). Other errors are about us. */
function asRefusal(error: unknown): Error {
  const { responseCode, code, command } = error as Record<string, unknown>;
  if (typeof responseCode === "number" && responseCode >= 500 && command === "RCPT TO") {
    return new MailRefused(responseCode);
  }
  return new Error(`The mail was not sent: ${String(code)}, ${String(responseCode)}`);
}
