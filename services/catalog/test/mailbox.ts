import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { pathToFileURL } from "node:url";
import { createMetrics } from "@mosis/runtime";
import type { ApiOptions } from "../src/api.ts";
import { startMailSender } from "../src/accounts/mails/sender.ts";
import { openMailTransport } from "../src/accounts/mails/transport.ts";
import { eventually, log, startCatalog } from "./support.ts";

const from = "Mosis <no-reply@mosis.test>";

/** A catalog that sends its mails, into a folder that is read here. */
export async function startWithMailbox(t: TestContext, options: Partial<ApiOptions> = {}) {
  let wake = () => {};
  const catalog = await startCatalog(t, { ...options, mails: { wake: () => wake() } });
  const sending = await sendMails(catalog, options.log);
  wake = () => sending.sender.wake();
  return { ...catalog, ...sending };
}

/** Sends the mails of a catalog into a folder, from now on. */
export async function sendMails(
  { life, apiDb }: Pick<Awaited<ReturnType<typeof startCatalog>>, "life" | "apiDb">,
  logger = log,
) {
  const folder = life.own("folder", await mkdtemp(join(tmpdir(), "mosis-mails-")), (it) =>
    rm(it, { recursive: true }),
  );
  const transport = openMailTransport({ url: pathToFileURL(folder).href, from });
  const metrics = createMetrics({ service: "test" });
  const portalUrl = "https://portal.mosis.test/";
  const sender = startMailSender({ db: apiDb, transport, portalUrl, log: logger, metrics });
  life.own("sender", sender, (it) => it.close());
  return { sender, folder, mailbox: mailboxOf(folder) };
}

interface ReadMail {
  to: string;
  subject: string;
  text: string;
}

export type Mailbox = ReturnType<typeof mailboxOf>;

function mailboxOf(folder: string) {
  const read = async (): Promise<ReadMail[]> => {
    const files = (await readdir(folder)).filter((name) => /^[^.].*\.eml$/.test(name)).toSorted();
    return Promise.all(files.map(async (name) => parseMail(await readFile(join(folder, name), "utf8"))));
  };
  const to = async (address: string, subject: RegExp) =>
    (await read()).filter((mail) => mail.to === address && subject.test(mail.subject));
  return {
    read,
    /** Waits until so many mails about something have come to an address. */
    untilSome: (address: string, subject: RegExp, count = 1) =>
      eventually(async () => {
        const found = await to(address, subject);
        assert.equal(found.length, count, `mails to ${address} about ${String(subject)}`);
        return found;
      }),
    /** The token of the last of so many mails. */
    async token(address: string, subject: RegExp, count = 1): Promise<string> {
      const mails = await this.untilSome(address, subject, count);
      return tokenOf(mails.at(-1)?.text ?? "");
    },
  };
}

export function tokenOf(text: string): string {
  return /ma_live_[\w-]{49}/.exec(text)?.[0] ?? assert.fail(`no token in ${text}`);
}

/** As much of RFC 5322 as our mails need. */
export function parseMail(source: string): ReadMail {
  const end = source.indexOf("\r\n\r\n");
  const head = source.slice(0, end).replaceAll(/\r\n[ \t]+/g, " ");
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, "im").exec(head)?.[1] ?? "";
  const body = source.slice(end + 4);
  const isQuoted = field("Content-Transfer-Encoding") === "quoted-printable";
  return { to: field("To"), subject: field("Subject"), text: isQuoted ? unquoted(body) : body };
}

function unquoted(text: string): string {
  const bytes = text
    .replaceAll("=\r\n", "")
    .replaceAll(/=([0-9A-F]{2})/g, (_match, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, "latin1").toString("utf8");
}
