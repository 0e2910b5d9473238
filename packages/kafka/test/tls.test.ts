import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { topics } from "@mosis/types/topics";
import { openConsumer, openProducer, readKafka } from "../src/index.ts";
import { ownBroker, prepare } from "./own-broker.ts";

const run = promisify(execFile);
const password = "of a keystore";

test("a record comes through SASL_SSL; another authority or a bare connection is refused", async (t) => {
  const files = { authority: "", stranger: "" };
  const broker = await ownBroker(t, async (folder) => {
    files.authority = await certificateIn(folder, "broker");
    files.stranger = await certificateIn(folder, "stranger");
    return { keystoreFile: join(folder, "broker.p12"), password };
  });
  const server = await broker.start();
  t.after(() => server.stop());
  const settings = (changes: Record<string, string>) =>
    readKafka({ ...broker.environment("kafka-admin"), KAFKA_SECURITY_PROTOCOL: "SASL_SSL", ...changes });
  const kafka = { ...broker.as("kafka-admin"), ...settings({ KAFKA_SSL_CA_FILE: files.authority }) };
  const { topicPrefix } = broker.as("kafka-admin");
  const trusted = { ...kafka, topicPrefix };
  await prepare(trusted);

  const arrived = Promise.withResolvers<string>();
  const producer = await openProducer(trusted);
  t.after(() => producer.close());
  await producer.send([{ topic: topics.usage, messages: [{ value: "sealed" }] }]);
  const options = { group: "test", topics: [topics.usage], minBytes: 1, maxWaitMs: 50 };
  const consumer = await openConsumer(
    { ...trusted, ...options, maxBytesPerPartition: 1_048_576 },
    async ({ records: [record] }) => arrived.resolve(String(record?.value)),
  );
  t.after(() => consumer.close());
  assert.equal(await arrived.promise, "sealed");

  const another = { ...trusted, ...settings({ KAFKA_SSL_CA_FILE: files.stranger }) };
  await assert.rejects(openProducer(another), /certificate/i);
  // Node's authorities do not know this certificate either.
  await assert.rejects(openProducer({ ...trusted, ...settings({}) }), /certificate/i);
  const bare = { ...trusted, ...readKafka(broker.environment("kafka-admin")) };
  await assert.rejects(openProducer({ ...bare, connectDeadlineMs: 300 }), /KAFKA_SECURITY_PROTOCOL/);
});

/**
 * Makes a key with a certificate of its own, in a keystore.
 * @returns the certificate's file, PEM.
 */
async function certificateIn(folder: string, name: string): Promise<string> {
  const store = ["-keystore", join(folder, `${name}.p12`), "-storepass", password, "-alias", name];
  const names = ["-dname", `CN=${name}`, "-ext", "san=ip:127.0.0.1", "-ext", "bc=ca:true"];
  await run("keytool", ["-genkeypair", "-keyalg", "EC", "-storetype", "PKCS12", ...store, ...names]);
  const file = join(folder, `${name}.pem`);
  const { stdout } = await run("keytool", ["-exportcert", "-rfc", ...store]);
  writeFileSync(file, stdout);
  assert.match(readFileSync(file, "utf8"), /BEGIN CERTIFICATE/);
  return file;
}
