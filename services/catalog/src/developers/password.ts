import { hash, type Options, verify } from "@node-rs/argon2";
import { Unavailable } from "@mosis/runtime";

/**
 * Hashes passwords, a few at a time: each costs 19 MiB and a core for 40 ms, and a flood must cost no more.
 */
export interface Passwords {
  /** @throws Unavailable when too many wait already. */
  hash(password: string): Promise<string>;
  /**
   * Whether the password is the one of the hash. Without a hash (no such account) it takes the same time and
   * is false, so that nobody learns from the clock who has an account.
   * @throws Unavailable when too many wait already.
   */
  verify(password: string, passwordHash: string | null): Promise<boolean>;
  waiting(): number;
}

/** argon2id (the library's default) as OWASP has it first: 19 MiB, two passes, one lane. */
const cost: Options = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

export async function createPasswords(limits: {
  runningMax: number;
  waitingMax: number;
}): Promise<Passwords> {
  const gate = createGate(limits);
  const nobody = await hash("the password of nobody", cost);
  return {
    hash: (password) => gate.run(() => hash(password, cost)),
    async verify(password, passwordHash) {
      const isRight = await gate.run(() => verify(passwordHash ?? nobody, password));
      return isRight && passwordHash !== null;
    },
    waiting: () => gate.waiting(),
  };
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
