import { hash, type Options, parseOptions } from "@node-rs/argon2";
import { Unavailable } from "@mosis/runtime";

/**
 * Hashes passwords, a few at a time: each costs 19 MiB and a core for 40 ms, and a flood must cost no more.
 */
export interface Passwords {
  /** @throws Unavailable when too many wait already. */
  hash(password: string): Promise<string>;
  /**
   * Hashes a password as a stored one was hashed, so that the database can compare them: it gives out how it
   * was hashed, and never the hash. Without settings (no such account) it takes the same time, so that nobody
   * learns from the clock who has an account.
   * @param settings the stored text up to its last `$`: algorithm, cost and salt.
   * @throws Unavailable when too many wait already.
   */
  rehash(password: string, settings: string | null): Promise<string>;
  waiting(): number;
}

/** argon2id (the library's default) as OWASP has it first: 19 MiB, two passes, one lane. */
const cost: Options = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

export async function createPasswords(limits: {
  runningMax: number;
  waitingMax: number;
}): Promise<Passwords> {
  const gate = createGate(limits);
  const nobody = settingsOf(await hash("the password of nobody", cost));
  return {
    hash: (password) => gate.run(() => hash(password, cost)),
    rehash: (password, settings) => gate.run(() => hash(password, optionsOf(settings ?? nobody))),
    waiting: () => gate.waiting(),
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

function createGate({ runningMax, waitingMax }: { runningMax: number; waitingMax: number }) {
  const queue: (() => void)[] = [];
  let running = 0;
  return {
    waiting: () => queue.length,
    async run<T>(work: () => Promise<T>): Promise<T> {
      if (running < runningMax) running++;
      else if (queue.length >= waitingMax)
        throw new Unavailable("Too many people sign in just now. Try again.");
      else await new Promise<void>((resolve) => queue.push(resolve));
      try {
        return await work();
      } finally {
        // The place is handed on, or given up.
        const next = queue.shift();
        if (next) next();
        else running--;
      }
    },
  };
}
