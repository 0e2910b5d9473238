import { createHash } from "node:crypto";
import { chmodSync, chownSync, copyFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { clickhouseUsers, type Passwords } from "./passwords.ts";
import type { User } from "./unprivileged.ts";

const infra = fileURLToPath(new URL("../../../infra/clickhouse/", import.meta.url));

interface ServerConfig {
  /** The folder of the server, which becomes its working directory. */
  home: string;
  /** The user that may read the configuration; null for the user that writes it. */
  user: User | null;
  passwords: Passwords;
}

/**
 * Writes the folder `config` as a real server has it: the two main files with the local settings (log file,
 * the user that starts the server), and `config.d` and `users.d` with the unchanged files of
 * `infra/clickhouse`. ClickHouse merges them. It may read them, and write none of them.
 */
export function writeServerConfig({ home, user, passwords }: ServerConfig): void {
  const folder = join(home, "config");
  rmSync(folder, { recursive: true, force: true });
  const share = (path: string, mode: number) => {
    if (user) chownSync(path, 0, user.gid);
    chmodSync(path, user ? mode : mode & 0o700);
  };
  const write = (file: string, text: string) => {
    writeFileSync(join(folder, file), text, { mode: 0o600 });
    share(join(folder, file), 0o640);
  };
  for (const part of [".", "config.d", "users.d"]) {
    mkdirSync(join(folder, part), { recursive: true });
    share(join(folder, part), 0o750);
  }
  for (const part of ["config.d", "users.d"]) {
    copyFileSync(join(infra, part, "mosis.xml"), join(folder, part, "mosis.xml"));
    share(join(folder, part, "mosis.xml"), 0o640);
  }
  write("config.xml", main);
  write("users.xml", starter);
  write("users.d/passwords.xml", passwordsFile(passwords));
  write("config.d/passwords.xml", dictionaryPasswordFile(passwords));
}

const main = `<clickhouse>
  <logger><log>logs/clickhouse.log</log></logger>
  <users_config>users.xml</users_config>
</clickhouse>
`;

// The user that runs the statements which start the server cannot have a password, so everybody on this
// machine could log in as it. It may have only one session, and the session that starts the server uses it
// for as long as the server runs.
const starter = `<clickhouse>
  <profiles>
    <default/>
    <starter><max_sessions_for_user>1</max_sessions_for_user></starter>
  </profiles>
  <quotas><default/></quotas>
  <users>
    <default>
      <password></password>
      <networks><ip>::1</ip><ip>127.0.0.1</ip></networks>
      <profile>starter</profile>
      <quota>default</quota>
    </default>
  </users>
</clickhouse>
`;

/**
 * Returns a file that is read after `mosis.xml`, which has users without passwords. No file of the server
 * contains a password in clear text.
 */
export function passwordsFile(passwords: Passwords): string {
  const users = clickhouseUsers.map((user) => {
    const hash = createHash("sha256").update(passwords[user]).digest("hex");
    return `    <${user}><password_sha256_hex>${hash}</password_sha256_hex></${user}>\n`;
  });
  return `<clickhouse>\n  <users>\n${users.join("")}  </users>\n</clickhouse>\n`;
}

/**
 * Returns a file that is read after `mosis.xml`, which has the named collection with which the dictionary
 * logs in.
 */
export function dictionaryPasswordFile({ mosis_dictionary: password }: Passwords): string {
  return `<clickhouse>
  <named_collections>
    <mosis_dictionary><password>${password}</password></mosis_dictionary>
  </named_collections>
</clickhouse>
`;
}
