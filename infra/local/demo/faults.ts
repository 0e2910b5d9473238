import type { EventCode } from "@mosis/types/telemetry";
import type { LifelikeEvent } from "../lifelike.ts";

const dayMs = 86_400_000;

/** Mistakes that apps make, each with the code that the contract promises for it. */
export const faults: readonly { code: EventCode; spoil: (event: LifelikeEvent) => unknown }[] = [
  { code: "field_missing", spoil: ({ name: _name, ...rest }) => rest },
  { code: "name_invalid", spoil: (event) => ({ ...event, name: "" }) },
  { code: "uuid_invalid", spoil: (event) => ({ ...event, event_id: `${event.event_id.slice(0, -1)}x` }) },
  { code: "kind_unknown", spoil: (event) => ({ ...event, kind: "click" }) },
  { code: "time_invalid", spoil: (event) => ({ ...event, time: "yesterday" }) },
  { code: "time_too_old", spoil: (event) => ({ ...event, time: event.time - 40 * dayMs }) },
  { code: "time_too_far_ahead", spoil: (event) => ({ ...event, time: event.time + 40 * dayMs }) },
  { code: "duration_invalid", spoil: (event) => ({ ...event, duration_ms: -1 }) },
  { code: "field_unknown", spoil: (event) => ({ ...event, user_email: "ada@example.org" }) },
  { code: "properties_too_many", spoil: (event) => ({ ...event, properties: manyProperties() }) },
  {
    code: "property_value_invalid",
    spoil: (event) => ({ ...event, properties: { ...event.properties, device: { ram_gb: 8 } } }),
  },
  { code: "not_an_object", spoil: (event) => event.name },
];

function manyProperties(): Record<string, number> {
  return Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`p${i}`, i]));
}
