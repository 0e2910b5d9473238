import { hash, type Options, parseOptions } from "@node-rs/argon2";
import { networkOf } from "@mosis/http";
import { FairQueue } from "@mosis/runtime";

/** Who has a password hashed: a share is of the network that a request comes from, and of an account. */
export interface Asker {
  /** The address of the client. */
  address: string;
  /** The address that was typed, or the id of a developer. It need not exist. */
  account: string;
}

/**
 * Hashes passwords, a few at a time: each costs 19 MiB and a core for 40 ms, and a flood must cost no more.
 * Networks and accounts take turns, so that many requests of one delay those of others by a turn only.
 */
export interface Passwords {
  /**
   * @param check looks at the password first, in its turn, because that costs CPU, too.
   * @throws QueueFull when too many wait already, or too many of this network or account; what `check`
   * throws.
   */
  hash(password: string, asker: Asker, check: () => void): Promise<string>;
  /**
   * Hashes a password as a stored one was hashed, so that the database can compare them: it gives out how it
   * was hashed, and never the hash. Without settings (no such account) it takes the same time, so that nobody
   * learns from the clock who has an account.
   * @param settings the stored text up to its last `$`: algorithm, cost and salt.
   * @throws QueueFull as `hash`.
   */
  rehash(password: string, settings: string | null, asker: Asker): Promise<string>;
  waiting(): number;
}

export interface PasswordLimits {
  /** Passwords that are hashed at once. */
  runningMax: number;
  /** Those that wait for it. */
  waitingMax: number;
  /** Longer than all places to wait take; a machine that stands still has worse to do. */
  waitMsMax?: number;
}

/** argon2id (the library's default) as OWASP has it first: 19 MiB, two passes, one lane. */
const cost: Options = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** Of one network: an office behind one address signs in in the morning. */
const waitingPerNetworkMax = 50;
/** Of one account: as many as may be wrong at once. */
const runningPerAccountMax = 2;
const waitingPerAccountMax = 10;
const waitMsDefault = 10_000;

const words = {
  share: "Too many passwords of yours are looked at just now. Try again in a moment.",
  full: "Too many people sign in just now. Try again in a moment.",
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
  // In front of the other, so that who tries one account from many networks has the share of one.
  const byAccount = new FairQueue(
    {
      // The other one bounds them all, and gives each network its turn.
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

/** All of a stored hash but its last part, in the form that PHC strings have. */
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
