// Telemetry like that of real apps: skewed apps, names and devices, sessions whose events lie close together,
// installs that stay the same. Everything is a hash of the seed and a number, so that any session can be made
// again anywhere.
import type { BatchContext, TelemetryEvent } from "@mosis/types/telemetry";

export type LifelikeEvent = TelemetryEvent & { time: number; session_id: string };

/** A number in [0, 1) for the n-th decision about one thing. */
export type Dice = (about: number, n: number) => number;

export const eventsPerSession = 20;

export function createDice(seed: number): Dice {
  const start = mix(seed);
  return (about, n) => mix(mix(start ^ Math.imul(about, 0x9e3779b9)) ^ Math.imul(n, 0x85ebca6b)) / 2 ** 32;
}

/**
 * Returns the index of the app that session `k` belongs to: with 2000 apps the biggest has 8 % of the
 * traffic.
 */
export function appOf(dice: Dice, k: number, apps: number): number {
  return Math.floor(apps * dice(1, k) ** 3);
}

/** Returns what an install reports about itself; the network belongs to the session. */
export function contextOf(dice: Dice, install: number, session: number): BatchContext {
  const pick = (about: number, count: number, skew = 1) => Math.floor(count * dice(about, install) ** skew);
  return {
    install_id: uuid(dice, 10, install),
    version_code: 100 + pick(11, 20, 4),
    os: at(["android", "ios", "windows", "linux"], pick(12, 4)),
    os_version: String(9 + pick(13, 8)),
    device_model: `model-${pick(14, 300, 2)}`,
    locale: at(["en-US", "de-DE", "fr-FR", "es-ES", "pt-BR", "ja-JP", "hi-IN"], pick(15, 7)),
    country: at(["US", "DE", "FR", "ES", "BR", "JP", "IN", "AT", "CH"], pick(16, 9)),
    network: at(["wifi", "cellular", "ethernet", "offline"], Math.floor(4 * dice(17, session))),
    mosis_version: `1.${pick(18, 6)}.0`,
  };
}

/**
 * Returns the events of session `k`, 3 s apart plus a random time of up to 15 s.
 * @param startMs when the session started, by the client's clock, milliseconds since 1970.
 */
export function sessionEvents(dice: Dice, k: number, app: number, startMs: number): LifelikeEvent[] {
  const session_id = uuid(dice, 20, k);
  return Array.from({ length: eventsPerSession }, (_, i) => {
    const n = k * eventsPerSession + i;
    const time = Math.floor(startMs + i * (3_000 + dice(21, n) * 15_000));
    const event: LifelikeEvent = {
      event_id: uuidV7(dice, 22, n, time),
      name: eventNames[(app * 17 + Math.floor(30 * dice(24, n) ** 2)) % eventNames.length] as string,
      kind: kindOf(dice(25, n)),
      time,
      session_id,
      properties: {
        screen: `screen-${Math.floor(40 * dice(26, n))}`,
        variant: at(["control", "a", "b"], Math.floor(3 * dice(27, n))),
        score: Math.floor(1000 * dice(28, n) ** 2),
        won: dice(29, n) < 0.5,
      },
    };
    if (dice(30, n) < 0.5) event.duration_ms = Math.floor(8000 ** dice(31, n));
    return event;
  });
}

/**
 * Returns a random-looking UUIDv4. No two things of one kind get the same: the mixer maps no two numbers to
 * one.
 */
export function uuid(dice: Dice, about: number, n: number): string {
  const a = hex(dice(about + 100, n));
  const b = hex(dice(about + 200, n));
  const c = hex(dice(about + 300, n));
  const d = hex(dice(about + 400, n));
  return `${a}-${b.slice(0, 4)}-4${b.slice(5)}-8${c.slice(1, 4)}-${c.slice(4)}${d}`;
}

/** Returns a UUIDv7 made at that time. */
function uuidV7(dice: Dice, about: number, n: number, timeMs: number): string {
  const time = timeMs.toString(16).padStart(12, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-7${uuid(dice, about, n).slice(15)}`;
}

const verbs =
  "open close start finish select buy share skip like rate invite join leave upload download".split(" ");
const nouns = [
  ..."level menu match shop profile settings chat board quest".split(" "),
  ..."avatar trailer wallet banner news replay friend map".split(" "),
];
const more = Array.from({ length: 400 - verbs.length * nouns.length }, (_, i) => `custom_event_${i}`);
/** 400 names of events. */
const eventNames = [...verbs.flatMap((verb) => nouns.map((noun) => `${noun}_${verb}`)), ...more];

function kindOf(chance: number): NonNullable<TelemetryEvent["kind"]> {
  if (chance < 0.6) return "event";
  if (chance < 0.9) return "screen";
  return chance < 0.97 ? "perf" : "error";
}

function at(values: readonly string[], index: number): string {
  return values[index] as string;
}

function hex(chance: number): string {
  return Math.floor(chance * 2 ** 32)
    .toString(16)
    .padStart(8, "0");
}

/** A good 32-bit mixer (the finaliser of lowbias32). */
function mix(value: number): number {
  let bits = value >>> 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x7feb352d);
  bits = Math.imul(bits ^ (bits >>> 15), 0x846ca68b);
  return (bits ^ (bits >>> 16)) >>> 0;
}
