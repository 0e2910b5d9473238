import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { createLogger } from "@mosis/runtime";
import { travel, travellers } from "./account-journey.ts";
import { startWithMailbox } from "./mailbox.ts";
import { startProvider } from "./provider.ts";
import { everythingStored } from "./support.ts";

// INVARIANT 43
test("no password and no token of a whole account is in a log line or a table", async (t) => {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const log = createLogger({ service: "test", level: "trace", destination });
  const provider = await startProvider(t, travellers);
  const catalog = await startWithMailbox(t, { log, oidcProviders: [provider.settings] });

  const stored: string[] = [];
  const secrets = await travel({ ...catalog, provider }, async (id, answer, status) => {
    const isGood = status === undefined ? answer.status < 300 : answer.status === status;
    assert.ok(isGood, `${id}: ${answer.status} ${answer.text}`);
    stored.push(await everythingStored(catalog.db));
    return answer;
  });
  assert.ok(lines.length > 5, "there are lines to look into");

  assert.ok(secrets.length >= 15);
  secrets.push(provider.settings.client_secret);
  for (const secret of secrets) {
    for (const text of [...lines, ...stored]) assert.ok(!text.includes(secret), `${secret} in ${text}`);
  }
  // Mails are the one place where tokens are: for their owner's eyes alone.
  const { folder } = catalog;
  // What is still being written has a name that begins with a dot.
  const files = (await readdir(folder)).filter((name) => !name.startsWith("."));
  const mails = await Promise.all(files.map((name) => readFile(join(folder, name), "utf8")));
  assert.ok(mails.some((mail) => mail.includes("#token=3Dma_live_") || mail.includes("#token=ma_live_")));
});
