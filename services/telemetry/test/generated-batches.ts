// Batches for fast-check whose envelopes are right, from clients whose clocks may be wrong.
import fc from "fast-check";
import { dayMs, goodEvent, junk, oddEvent, text, timeAt, uuid } from "./generated-events.ts";

type Fields = Record<string, unknown>;

const shortText = text(100);
const context = fc.record(
  {
    install_id: uuid,
    version_code: fc.oneof(fc.integer({ min: 0, max: 4_294_967_295 }), fc.constantFrom(0, -0, 4_294_967_295)),
    os: shortText,
    os_version: shortText,
    device_model: shortText,
    locale: shortText,
    country: shortText,
    network: shortText,
    mosis_version: shortText,
    not_yet_known: junk,
  },
  { requiredKeys: [] },
);
const sdk = fc.record({ name: shortText, version: shortText });
const discarded = fc.array(
  fc.record({ reason: text(100, 1), count: fc.integer({ min: 1, max: 4_294_967_295 }) }),
  { maxLength: 20 },
);

/** As JSON, with the numbers JSON.stringify does not write: −0, and those parsed as infinite. */
export function written(value: unknown): string {
  const marked = JSON.stringify(value, (_, it: unknown) => {
    if (Object.is(it, -0)) return "#-0#";
    return it === Infinity || it === -Infinity ? `#${it < 0 ? "-" : ""}1e400#` : it;
  });
  return marked.replaceAll(/"#(-0|-?1e400)#"/g, "$1");
}

export type Batch = Fields & { batch_id: string; events: unknown[] };

/** A batch whose envelope is right, from a client whose clock may be wrong. */
export function batchOfEvents(nowMs: number, eventsMax: number): fc.Arbitrary<Batch> {
  // None is near the two minutes from which clocks are corrected: time goes on while a test runs.
  const clocks = [
    ...[-400 * dayMs, 400 * dayMs, -3_600_000, -240_000, 30_000].map((off) => nowMs + off),
    Date.UTC(1900, 1, 1),
    Date.UTC(2299, 10, 1),
    Date.UTC(1969, 11, 31),
    0,
  ];
  // Made once for each clock: making arbitraries costs ten times what drawing from them does.
  const wrong = clocks.map((clockMs) => ({ weight: 1, arbitrary: batchAt(clockMs, eventsMax, ["sent_at"]) }));
  return fc.oneof({ weight: 2 * wrong.length, arbitrary: batchAt(nowMs, eventsMax, []) }, ...wrong);
}

function batchAt(clockMs: number, eventsMax: number, required: "sent_at"[]): fc.Arbitrary<Batch> {
  const event = fc.oneof(
    { weight: 5, arbitrary: goodEvent(clockMs) },
    { weight: 1, arbitrary: oddEvent(clockMs) },
  );
  return fc.record(
    {
      batch_id: uuid,
      events: fc.array(event, { maxLength: eventsMax }),
      sent_at: timeAt(clockMs, 0, 500),
      context,
      sdk,
      discarded,
      later_field: junk,
    },
    { requiredKeys: ["batch_id", "events", ...required] },
  );
}
