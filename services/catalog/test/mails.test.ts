import assert from "node:assert/strict";
import { once } from "node:events";
import { readdir, stat } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { execute, many, one, sql } from "@mosis/postgres";
import { createMetrics, type Lifecycle } from "@mosis/runtime";
import { SMTPServer } from "smtp-server";
import Type from "typebox";
import type { MailKind } from "../src/developers/mail-queue.ts";
import { type MailSenderOptions, startMailSender } from "../src/accounts/mails/sender.ts";
import { openMailTransport } from "../src/accounts/mails/transport.ts";
import { parseMail, startWithMailbox, tokenOf } from "./mailbox.ts";
import { eventually, log, startCatalog } from "./support.ts";

const ada = { email: "ada@mosis.test", name: "Ada", password: "correct horse battery" };
const from = "Mosis <no-reply@mosis.test>";

/** A mail server; what it says to a recipient may be changed. */
async function startMailServer(life: Lifecycle) {
  const received: string[] = [];
  const refusals: number[] = [];
  const server = new SMTPServer({
    disabledCommands: ["STARTTLS"],
    onAuth: ({ username, password }, _session, done) =>
      username === "mosis" && password === "p@ss" ? done(null, { user: username }) : done(new Error("no")),
    onRcptTo(_address, _session, done) {
      const code = refusals.shift();
      done(code === undefined ? null : Object.assign(new Error("refused"), { responseCode: code }));
    },
    onData(stream, _session, done) {
      let text = "";
      stream.on("data", (chunk: Buffer) => (text += chunk.toString()));
      stream.on("end", () => {
        received.push(text);
        done(null);
      });
    },
  });
  const listening = server.listen(0, "127.0.0.1");
  await once(listening, "listening");
  life.own("smtp", server, (it) => new Promise<void>((resolve) => it.close(resolve)));
  const { port } = listening.address() as AddressInfo;
  return { url: `smtp://mosis:p%40ss@127.0.0.1:${port}`, received, refusals };
}

/** A catalog, and senders for it that are started by the test. */
async function startWithServer(t: TestContext) {
  const catalog = await startCatalog(t);
  const { life, apiDb, db } = catalog;
  const smtp = await startMailServer(life);
  const startSender = (options: Partial<MailSenderOptions> = {}) => {
    const metrics = createMetrics({ service: "test" });
    const transport = life.own("transport", openMailTransport({ url: smtp.url, from }), (it) => it.close());
    const rest = { db: apiDb, transport, portalUrl: null, log, metrics, ...options };
    return life.own("sender", startMailSender(rest), (it) => it.close());
  };
  const waiting = () =>
    many(db, Type.Object({ attempts: Type.Integer() }), sql`select attempts from mails order by created_at`);
  /** Past the limits of the queue, which are not what these tests are about. */
  const post = (kind: MailKind, recipient: string, developerId: string | null) =>
    execute(
      db,
      sql`
        insert into mails (id, developer_id, kind, recipient, request_id)
        values (gen_random_uuid(), ${developerId}, ${kind}, ${recipient}, 'test')`,
    );
  return { ...catalog, smtp, startSender, waiting, post };
}

// INVARIANT 47
test("a mail leaves over SMTP once its change is committed, and then lies nowhere", async (t) => {
  const { anyone, smtp, startSender, waiting, db } = await startWithServer(t);
  await anyone.post("/v1/developers", ada).expect(201);
  assert.deepEqual(await waiting(), [{ attempts: 0 }]);
  startSender();
  await eventually(() => assert.equal(smtp.received.length, 1));
  const mail = parseMail(smtp.received[0] ?? "");
  assert.equal(mail.to, ada.email);
  assert.match(mail.text, /POST \/v1\/developers:verify-email/);
  const token = tokenOf(mail.text);
  await eventually(async () => assert.deepEqual(await waiting(), []));
  await anyone.post("/v1/developers:verify-email", { token, password: ada.password }).expect(204);
  const { verified } = await one(
    db,
    Type.Object({ verified: Type.Boolean() }),
    sql`select verified from developers`,
  );
  assert.ok(verified);
});

// Guards "a crash between the commit and the mail loses nothing".
// INVARIANT 47
test("a mail that was claimed by a sender that died is sent by another when its lease is over", async (t) => {
  const { anyone, smtp, startSender, waiting, db } = await startWithServer(t);
  await anyone.post("/v1/developers", ada).expect(201);
  await execute(db, sql`update mails set attempts = 1, due_at = now() + interval '1 minute'`);
  startSender();
  await anyone.post("/v1/developers", { ...ada, email: "bob@mosis.test" }).expect(201);
  await eventually(() => assert.equal(smtp.received.length, 1));
  // The lease of the other one holds.
  await eventually(async () => assert.deepEqual(await waiting(), [{ attempts: 1 }]));
  await execute(db, sql`update mails set due_at = now()`);
  await eventually(() => assert.equal(smtp.received.length, 2));
});

// INVARIANT 47
test("of several senders one sends each mail", async (t) => {
  const { smtp, startSender, waiting, post } = await startWithServer(t);
  for (let i = 0; i < 40; i++) await post("password_changed", `to${i}@mosis.test`, null);
  for (let i = 0; i < 3; i++) startSender();
  await eventually(async () => assert.deepEqual(await waiting(), []));
  const recipients = smtp.received.map((text) => parseMail(text).to);
  assert.equal(recipients.length, 40);
  assert.equal(new Set(recipients).size, 40);
});

test("what the server cannot take now is tried again, and what it never takes is dropped", async (t) => {
  const { smtp, startSender, waiting, db, post } = await startWithServer(t);
  smtp.refusals.push(450, 550);
  await post("password_changed", "busy@mosis.test", null);
  startSender();
  await eventually(async () => assert.deepEqual(await waiting(), [{ attempts: 1 }]));
  const Due = Type.Object({ later: Type.Boolean() });
  const { later } = await one(db, Due, sql`select due_at > now() + interval '30 s' as later from mails`);
  assert.ok(later);
  // The second time it is told that there is no such mailbox.
  await eventually(() => assert.equal(smtp.refusals.length, 1));
  await execute(db, sql`update mails set due_at = now()`);
  await eventually(async () => assert.deepEqual(await waiting(), []));
  assert.equal(smtp.received.length, 0);
});

test("a mail to an account that is gone is not sent", async (t) => {
  const { smtp, startSender, waiting, post } = await startWithServer(t);
  await post("email_verification", "gone@mosis.test", "00000000-0000-4000-8000-000000000000");
  await post("password_reset", "nobody@mosis.test", null);
  startSender();
  await eventually(async () => assert.deepEqual(await waiting(), []));
  assert.deepEqual(smtp.received, []);
});

test("an address cannot make a mail go to others", async (t) => {
  const { smtp, startSender, waiting, post } = await startWithServer(t);
  await post("password_changed", "a@mosis.test,victim@mosis.test", null);
  await post("password_changed", "b@mosis.test\r\nBcc: victim@mosis.test", null);
  await post("password_changed", "good@mosis.test", null);
  startSender();
  await eventually(async () => {
    assert.deepEqual(
      (await waiting()).filter(({ attempts }) => attempts === 0),
      [],
    );
    assert.ok(smtp.received.some((text) => parseMail(text).to === "good@mosis.test"));
  });
  for (const text of smtp.received)
    assert.ok(!/^(To|Bcc|Cc):.*victim/m.test(text.split("\r\n\r\n")[0] ?? ""), text);
});

test("in a folder each mail is a file that its owner alone may read, and leads to the portal", async (t) => {
  const { anyone, mailbox, folder } = await startWithMailbox(t);
  await anyone.post("/v1/developers", ada).expect(201);
  const [mail] = await mailbox.untilSome(ada.email, /Confirm your e-mail/);
  assert.match(mail?.text ?? "", /https:\/\/portal\.mosis\.test\/verify-email#token=ma_live_/);
  const [name = ""] = await readdir(folder);
  assert.equal((await stat(join(folder, name))).mode & 0o777, 0o600);
});
