import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { clickhouseUsers, type Passwords } from "./passwords.ts";

const infra = fileURLToPath(new URL("../../../infra/clickhouse/", import.meta.url));

interface ServerConfig {
  home: string;
  logFile: string;
  passwords: Passwords;
}

/**
 * Lays out a configuration folder as a real server has it: the two main files with what is local (log file,
 * default user), and `config.d` and `users.d` with the files of `infra/clickhouse` as they are. ClickHouse
 * merges them.
 * @returns path of the main file.
 */
export function writeServerConfig({ home, logFile, passwords }: ServerConfig): string {
  const folder = join(home, "config");
  for (const part of ["config.d", "users.d"]) {
    mkdirSync(join(folder, part), { recursive: true });
    copyFileSync(join(infra, part, "mosis.xml"), join(folder, part, "mosis.xml"));
  }
  writeFileSync(join(folder, "users.d", "passwords.xml"), passwordsFile(passwords), { mode: 0o600 });
  const usersFile = join(folder, "users.xml");
  writeFileSync(usersFile, users);
  const mainFile = join(folder, "config.xml");
  writeFileSync(mainFile, main({ logFile, usersFile }));
  return mainFile;
}

const main = ({ logFile, usersFile }: { logFile: string; usersFile: string }) => `<clickhouse>
  <logger><log>${xmlText(logFile)}</log></logger>
  <user_directories><users_xml><path>${xmlText(usersFile)}</path></users_xml></user_directories>
  <users_config>${xmlText(usersFile)}</users_config>
</clickhouse>
`;

// The default user runs the query that starts the server, and dictionaries read through it.
const users = `<clickhouse>
  <profiles><default/></profiles>
  <quotas><default/></quotas>
  <users>
    <default>
      <password></password>
      <networks><ip>::1</ip><ip>127.0.0.1</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
    </default>
  </users>
</clickhouse>
`;

/** Read after `mosis.xml`, which has users without passwords. */
export function passwordsFile(passwords: Passwords): string {
  const users = clickhouseUsers.map(
    (user) => `    <${user}><password>${passwords[user]}</password></${user}>\n`,
  );
  return `<clickhouse>\n  <users>\n${users.join("")}  </users>\n</clickhouse>\n`;
}

function xmlText(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
