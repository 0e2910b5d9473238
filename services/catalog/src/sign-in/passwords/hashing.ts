import { hash, type Options, parseOptions } from "@node-rs/argon2";
import { networkOf } from "@mosis/http";
import { FairQueue } from "@mosis/runtime";

/** The client and the account that a password is hashed for. Each network and each account has a share. */
export interface Asker {
  /** The address of the client. */
  address: string;
  /** The address that was typed, or the id of a developer. It need not exist. */
  account: string;
}

/**
 * Hashes passwords, a few at a time: each costs 19 MiB and a core for 40 ms, and a flood must cost no more.
 * Networks and accounts take turns, so that many requests of one delay those of others by only one turn.
 */
export interface Passwords {
  /**
   * Hashes a new password.
   * @param check checks the password first, in its turn, because that costs CPU, too.
   * @throws QueueFull when too many wait already, or too many of this network or account; the error of
   * `check`.
   */
  hash(password: string, asker: Asker, check: () => void): Promise<string>;
  /**
   * Hashes a password with the settings of a stored hash, so that the database can compare them: it returns
   * those settings, and never the hash. Without settings (no such account) it takes the same time, so that
   * nobody learns from the clock which accounts exist.
   * @param settings the stored text up to its last `$`: algorithm, cost and salt.
   * @throws QueueFull as `hash`.
   */
  rehash(password: string, settings: string | null, asker: Asker): Promise<string>;
  waiting(): number;
}

export interface PasswordLimits {
  /** The number of passwords that are hashed at once. */
  runningMax: number;
  /** The number of passwords that wait for it. */
  waitingMax: number;
  /** The maximum wait. It is longer than the whole queue takes, unless the machine stands still. */
  waitMsMax?: number;
}

/** argon2id (the library's default) with OWASP's first recommended cost: 19 MiB, two passes, one lane. */
const cost: Options = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/**
 * The maximum for one network: the people of an office behind one address all sign in in the morning.
 * @limit passwords of a network (of IPv6: a /64) that wait to be hashed
 */
const waitingPerNetworkMax = 50;
/**
 * The maximum for one account: as many as may be wrong at once.
 * @limit passwords of an account that are hashed at the same time
 */
const runningPerAccountMax = 2;
/** @limit passwords of an account that wait to be hashed */
const waitingPerAccountMax = 10;
const waitMsDefault = 10_000;

const words = {
  share: "Too many of your passwords are being checked. Try again in a moment.",
  full: "Too many people are signing in. Try again in a moment.",
};

export async function createPasswords(limits: PasswordLimits): Promise<Passwords> {
  const { runningMax, waitingMax, waitMsMax = waitMsDefault } = limits;
  const byNetwork = new FairQueue(
    {
      slotsMax: runningMax,
      slotsPerKeyMax: Math.max(1, Math.ceil(runningMax / 2)),
      waitingMax,
      waitingPerKeyMax: waitingPerNetworkMax,
      waitMsMax,
    },
    words,
  );
  // This queue comes first, so that an attacker who tries one account from many networks has the share of
  // one.
  const byAccount = new FairQueue(
    {
      // The second queue limits the total, and gives each network its turn.
      slotsMax: Infinity,
      slotsPerKeyMax: runningPerAccountMax,
      waitingMax,
      waitingPerKeyMax: waitingPerAccountMax,
      waitMsMax,
    },
    words,
  );
  const run = ({ address, account }: Asker, work: () => Promise<string>) =>
    byAccount.run(account.toLowerCase(), () => byNetwork.run(networkOf(address), work));
  const nobody = settingsOf(await hash("the password of nobody", cost));
  return {
    hash: (password, asker, check) =>
      run(asker, async () => {
        check();
        return hash(password, cost);
      }),
    rehash: (password, settings, asker) => run(asker, () => hash(password, optionsOf(settings ?? nobody))),
    waiting: () => byAccount.counts().waiting + byNetwork.counts().waiting,
  };
}

/** Returns a stored hash without its last part, in the form of PHC strings. */
function settingsOf(passwordHash: string): string {
  return passwordHash.slice(0, passwordHash.lastIndexOf("$") + 1);
}

const outputBytes = 32;
const emptyOutput = Buffer.alloc(outputBytes).toString("base64").replaceAll("=", "");

function optionsOf(settings: string): Options {
  const { algorithm, version, memoryCost, timeCost, parallelism } = parseOptions(settings + emptyOutput);
  const salt = Buffer.from(settings.split("$").at(-2) ?? "", "base64");
  return { algorithm, version, memoryCost, timeCost, parallelism, outputLen: outputBytes, salt };
}
