import { type Problem, problem } from "@mosis/http";
import { ZxcvbnFactory } from "@zxcvbn-ts/core";
import { adjacencyGraphs, dictionary as common } from "@zxcvbn-ts/language-common";

/**
 * The minimum number of guesses that a good guesser needs for a password. Guesses at an account are limited
 * to about a hundred a day, so this matters when hashes are stolen: at 40 ms a guess, it is half a year of
 * 100 cores.
 */
const guessesMin = 1e8;

/**
 * The number of characters of a password that are checked: the time grows with the square of the length.
 * Further characters can only make it better.
 */
const lookedAtMax = 32;
/** The number of letters that look like others, `p4$$w0rd`: each further one multiplies the time. */
const substitutionsMax = 5;

/** The 49 000 passwords that are most frequent in breaches. */
const breached = "breached";

const estimator = new ZxcvbnFactory({
  dictionary: { [breached]: common["passwords-common"] },
  graphs: adjacencyGraphs,
  maxLength: lookedAtMax,
  l33tMaxSubstitutions: substitutionsMax,
});

/** The owner of the new password. */
export interface PasswordOwner {
  email: string;
  name: string;
  /** The package ids and names of their apps. */
  appWords?: readonly string[];
}

/**
 * Refuses a password that is easy to guess: one of a breach, also in disguise, keys beside each other,
 * repetitions, sequences, dates, and words about the owner. There are no rules about kinds of characters
 * (NIST SP 800-63B-4 §3.1.1.2).
 * @param pointer where the password is in the body.
 * @throws Problem `invalid_request` (400), with `password_common` or `password_too_easy`.
 */
export function requireStrong(password: string, owner: PasswordOwner, pointer: string): void {
  const fault = faultOf(password, owner);
  if (fault) throw refused(fault, pointer);
}

type Fault = "password_common" | "password_too_easy";

export function faultOf(password: string, owner: PasswordOwner): Fault | null {
  const { guesses, sequence } = estimator.check(password, ownWords(owner));
  if (guesses >= guessesMin) return null;
  const [first] = sequence;
  const isWhole =
    sequence.length === 1 && first?.pattern === "dictionary" && first["dictionaryName"] === breached;
  return isWhole ? "password_common" : "password_too_easy";
}

/** Returns the words that an attacker who knows the owner tries first. */
function ownWords({ email, name, appWords = [] }: PasswordOwner): string[] {
  const [local = "", domain = ""] = email.split("@");
  const parts = [email, local, domain, name, ...appWords].flatMap((text) => [
    // A word is cut to the checked length of the password, or it would not be found in there.
    text.slice(0, lookedAtMax),
    ...text.split(/[^\p{L}\p{N}]+/u),
  ]);
  return ["mosis", "developer", ...new Set(parts.filter((part) => part.length > 2))];
}

const messages: Record<Fault, string> = {
  password_common: "is one of the most common passwords",
  password_too_easy: "is too easy to guess",
};

function refused(code: Fault, pointer: string): Problem {
  const message = messages[code];
  const fix = "Choose another one: four unrelated words, for example, or a generated password.";
  return problem("invalid_request", `The password ${message}. ${fix}`, {
    errors: [{ pointer, code, message, fix }],
  });
}
