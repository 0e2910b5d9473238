// The words of the store's texts: frequent words come first, so that a rank drawn by Zipf's law gives texts
// whose words are as frequent as those of real ones.
import type { Dice } from "../lifelike.ts";

const frequent = [
  ..."the and a to of your you with for in is it on this that are from all can be or by as more at an".split(
    " ",
  ),
  ..."app game free play new best fun time easy world make learn photo music share online friends".split(" "),
  ..."simple fast daily video chat puzzle design kids offline track health color challenge create".split(" "),
  ..."map weather travel recipe budget fitness language camera editor story quest space garden city".split(
    " ",
  ),
  ..."battle farm chess cards racing soccer piano guitar radio podcast news book reader notes tasks".split(
    " ",
  ),
  ..."calendar focus sleep yoga run bike water plant forest ocean dragon castle knight magic robot".split(
    " ",
  ),
  ..."pixel block tower jump shoot merge match word trivia quiz math science history geography art".split(
    " ",
  ),
  ..."draw paint sketch animation font theme wallpaper widget clock alarm timer scanner translate".split(" "),
  ..."dictionary flashcards school teacher student parent baby pet dog cat bird fish horse food".split(" "),
  ..."coffee wine cooking shopping price wallet invoice tax bank crypto stock market job resume".split(" "),
  ..."meeting team project office remote cloud backup file folder password secure private browser".split(" "),
];

export const adjectives = [
  ..."tiny super happy magic smart quick silent wild golden dark bright cozy epic lucky brave mini".split(
    " ",
  ),
  ..."simple perfect hidden lost ancient modern daily endless royal crystal frozen electric lazy".split(" "),
  ..."clever rapid gentle cosmic urban secret flying purple crazy real pocket open true deep".split(" "),
];

export const nouns = [
  ..."notes quest garden city puzzle planner studio tracker runner camera kitchen galaxy dragon".split(" "),
  ..."chess racer farm island tower legends academy piano radio weather budget wallet coach reader".split(
    " ",
  ),
  ..."map compass forest ocean castle robot pixel block words trivia math sketch recipes fitness".split(" "),
  ..."diary habits focus sleep tasks travel explorer market kingdom heroes battle saga story tales".split(
    " ",
  ),
  ..."clock scanner translator editor gallery player podcast guitar cards solitaire sudoku memory".split(" "),
];

export const suffixes = ["Pro", "Lite", "2", "3D", "Go", "HD", "Kids", "Plus", "Online", "Deluxe"];

export const categories = [
  ..."games productivity education tools entertainment health music photography social travel".split(" "),
  ..."finance news books food shopping weather sports business lifestyle art medical kids maps".split(" "),
];

const givenTags = [
  ..."offline multiplayer free casual puzzle kids photo music education fitness notes rpg arcade".split(" "),
  ..."strategy simulation racing sports cards board words trivia drawing camera video chat social".split(" "),
  ..."maps travel weather news books recipes budget habits sleep meditation language math coding".split(" "),
  ..."privacy no-ads open-source dark-mode widget backup sync calendar alarm scanner pdf translator".split(
    " ",
  ),
];

export const givenNames = [
  ..."Ada Alan Grace Linus Barbara Ken Margaret Dennis Radia Tim Frances Edsger Jean Donald Karen".split(" "),
  ..."Hedy Niklaus Sophie John Shafi Leslie Adele Bjarne Lynn Guido Katherine Ole Joan Yukihiro".split(" "),
  ..."Mary Fatima Chen Priya Lars Sofía Jürgen Aïcha Mateo Ingrid Kwame Mei Olga Ravi Zoë Tomás".split(" "),
];

export const familyNames = [
  ..."Smith Müller García Nguyen Silva Kim Patel Ivanov Rossi Dubois Novak Jensen Tanaka Okafor".split(" "),
  ..."Kowalski Larsen Haddad Costa Fischer Moreau Santos Weber Yılmaz Hansen Popescu Murphy Cohen".split(" "),
  ..."Andersson Ferrari López Schmidt Wang Singh Brown Jones Martin Meyer Bauer Keller Lang Vogel".split(" "),
];

const starts = "b br c ch d dr f fl g gr h j k kl l m n p pl qu r s sh st t tr v w z".split(" ");
const middles = "a e i o u ai ea io oo ou".split(" ");
const ends = ["", "", "", "n", "r", "s", "l", "x", "m", "ck"];

/** Returns an invented word, always the same for the same number: brands, and the long tail of a language. */
export function inventedWord(dice: Dice, n: number): string {
  const syllables = 2 + Math.floor(2 * dice(90, n));
  return Array.from({ length: syllables }, (_, i) => {
    const at = n * 4 + i;
    return pick(starts, dice(91, at)) + pick(middles, dice(92, at)) + pick(ends, dice(93, at));
  }).join("");
}

/** Returns the vocabulary of descriptions, most frequent first. */
export function makeVocabulary(dice: Dice, size: number): readonly string[] {
  return Array.from({ length: size }, (_, rank) => frequent[rank] ?? inventedWord(dice, rank));
}

/** Returns tags, most popular first. */
export function makeTags(dice: Dice, size: number): readonly string[] {
  return Array.from({ length: size }, (_, rank) => givenTags[rank] ?? inventedWord(dice, 1_000_000 + rank));
}

/**
 * Returns the rank that Zipf's law gives a chance: the first of n is drawn about as often as 2 and 3
 * together.
 */
export function zipf(chance: number, n: number): number {
  return Math.min(n - 1, Math.floor((n + 1) ** chance) - 1);
}

export function pick<T>(values: readonly T[], chance: number): T {
  return values[Math.floor(values.length * chance)] as T;
}

export function capitalized(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
