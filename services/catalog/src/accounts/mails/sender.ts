import { type Pool, transaction } from "@mosis/postgres";
import type { Logger, Metrics } from "@mosis/runtime";
import { deleteEndedAccountTokens, insertAccountToken } from "../tokens/queries.ts";
import { newAccountToken } from "../tokens/token.ts";
import { deleteEndedFlows } from "../../sign-in/oauth/queries.ts";
import { record, systemAuthor } from "../../changes/outbox/record.ts";
import { Waker } from "../../shared/waker.ts";
import { deleteEndedChallenges } from "../../sign-in/passkeys/queries.ts";
import { everyone } from "../../access/principal.ts";
import { hashSecret } from "../../shared/secret-hash.ts";
import { deleteForgottenDevices } from "../../sign-in/sessions/device-queries.ts";
import { deleteAllEndedSessions } from "../../sign-in/sessions/queries.ts";
import { deleteEndedSignIns } from "../../sign-in/completion/queries.ts";
import { deleteFullBuckets } from "../../sign-in/throttle/queries.ts";
import { mailedTokens, messageOf } from "./messages.ts";
import {
  claimMails,
  countMails,
  deleteMail,
  findAddressee,
  lockMail,
  type Mail,
} from "../../developers/mail-queue.ts";
import { MailRefused, type MailTransport } from "./transport.ts";

/** The maximum time from claiming a mail to sending it. After that another sender tries. */
const leaseSeconds = 60;
const pauseSecondsMax = 3600;
/** The last attempt is about a day after the first. */
const attemptsMax = 30;
const atOnceMax = 10;
const pollMs = 1000;
const sweepMs = 600_000;

export interface MailSender {
  /** Sends without waiting for the next look, which comes within a second anyway. */
  wake(): void;
  /** Waits for the mail that is being sent. */
  close(): Promise<void>;
}

export interface MailSenderOptions {
  db: Pool;
  transport: MailTransport;
  portalUrl: string | null;
  log: Logger;
  metrics: Metrics;
}

/**
 * Sends the mails that wait in `mails`. Several processes may run it: each mail is claimed by one. A mail is
 * sent once, or twice when its sender dies between the mail server's answer and the delete.
 */
export function startMailSender(options: MailSenderOptions): MailSender {
  const { log } = options;
  const db = options.db.as(everyone);
  const count = createCounts(db, options.metrics);
  const waker = new Waker();
  let sweptAtMs = -Infinity;

  /** Returns true when there may be more to send at once. */
  async function round(): Promise<boolean> {
    const claimed = await claimMails(db, { countMax: atOnceMax, leaseSeconds, pauseSecondsMax });
    await Promise.all(claimed.map(async (mail) => count.result(await sendOne(db, mail, options))));
    await count.waiting();
    if (performance.now() - sweptAtMs > sweepMs) {
      sweptAtMs = performance.now();
      await sweep(db);
    }
    return claimed.length === atOnceMax;
  }

  async function run(): Promise<void> {
    while (!waker.stopped) {
      const isMore = await round().catch((error: unknown) => {
        log.warn({ err: error }, "Mails cannot be read; they will be sent later");
        return false;
      });
      if (!isMore) await waker.wait(pollMs);
    }
  }

  const running = run();
  return {
    wake: () => waker.wake(),
    async close() {
      waker.stop();
      await running;
    },
  };
}

function createCounts(db: Pool, metrics: Metrics) {
  const results = metrics.counter("mails_total", "Mails by outcome.", ["result"]);
  const waiting = metrics.gauge("mails_waiting", "Mails that were not sent yet, counted to 10000.");
  const oldest = metrics.gauge("mails_oldest_seconds", "Age of the oldest mail that was not sent yet.");
  return {
    result: (result: Result) => results.inc({ result }),
    async waiting() {
      const counted = await countMails(db);
      waiting.set(counted.waiting);
      oldest.set(counted.oldest_seconds);
    },
  };
}

/** Deletes what has expired, and what nobody asks for again. */
async function sweep(db: Pool): Promise<void> {
  await deleteEndedAccountTokens(db);
  await deleteEndedFlows(db);
  await deleteAllEndedSessions(db);
  await deleteForgottenDevices(db);
  await deleteEndedSignIns(db);
  await deleteEndedChallenges(db);
  await deleteFullBuckets(db);
}

type Result = "sent" | "nobody" | "refused" | "failed" | "given_up";

async function sendOne(db: Pool, mail: Mail, options: MailSenderOptions): Promise<Result> {
  const { transport, portalUrl, log } = options;
  const { id, kind, attempts } = mail;
  const fields = { mail: { id, kind }, attempts };
  try {
    const drawn = await drawToken(db, mail);
    if (!drawn) {
      await deleteMail(db, id);
      return "nobody";
    }
    await transport.send({ id, to: drawn.to, ...messageOf(mail, drawn.token, portalUrl) });
    await deleteMail(db, id);
    log.debug(fields, "A mail was sent");
    return "sent";
  } catch (error) {
    const isFinal = error instanceof MailRefused;
    if (!isFinal && attempts < attemptsMax) {
      log.warn({ ...fields, err: error }, "A mail was not sent, and is tried again");
      return "failed";
    }
    log.error({ ...fields, err: error }, "A mail cannot be sent, and is deleted");
    await deleteMail(db, id);
    return isFinal ? "refused" : "given_up";
  }
}

/**
 * Makes the token of a mail that has one. It is made when the mail is sent, so it is never stored, and its
 * hash is stored before anybody has it. A mail that is sent again has another token. Returns null when there
 * is nobody to send it to.
 */
async function drawToken(db: Pool, mail: Mail): Promise<{ token: string | null; to: string } | null> {
  const { kind, recipient, developer_id } = mail;
  const tokenOf = mailedTokens[kind];
  if (!tokenOf) return { token: null, to: recipient };
  const token = newAccountToken();
  return transaction(db, async (tx) => {
    if (!(await lockMail(tx, mail.id))) return null;
    const addressee = await findAddressee(tx, mail);
    if (!addressee) return null;
    // The mail never goes to the address as a client has typed it: letters that differ may be equal in lower
    // case.
    const to = developer_id === null ? addressee.email : recipient;
    const { id: developerId } = addressee;
    const { purpose, minutes } = tokenOf;
    await insertAccountToken(tx, { hash: hashSecret(token), developerId, purpose, minutes, email: to });
    await record(tx, systemAuthor(developerId, mail.request_id), {
      action: "account_token.created",
      target: { type: "developer", id: developerId },
      payload: { purpose },
    });
    return { token, to };
  });
}
