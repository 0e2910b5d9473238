// Requests of OTLP's logs for fast-check, as bytes of protobuf: as clients write them, as nobody does, and
// damaged.
import fc from "fast-check";
import {
  texts,
  longTexts,
  bytesOf,
  integers,
  usualValues,
  oddValues,
  brokenValues,
  usualKeys,
  ownKeys,
  pairOf,
  oddPairs,
} from "./generated-log-values.ts";
import { fixed64, joined, lengthDelimited, number } from "./wire-fields.ts";

/** A field of a message as it stands on the wire. */
type Field = fc.Arbitrary<Buffer>;

const receivedAtNs = BigInt(Date.UTC(2026, 10, 30, 12)) * 1_000_000n;
const times = fc.oneof(
  { weight: 6, arbitrary: fc.bigInt({ min: -(10n ** 15n), max: 10n ** 12n }).map((ns) => receivedAtNs + ns) },
  // In other months, too old, and beyond what is stored.
  {
    weight: 1,
    arbitrary: fc.constantFrom(-30n, 1n, -60n, 400n).map((days) => receivedAtNs + days * 86_400n * 10n ** 9n),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(0n, 1n, 999_999n, 1_000_000n, 2n ** 63n, 2n ** 64n - 1n, 2n ** 53n),
  },
);
const ids = fc.uint8Array({ maxLength: 33 });
const severities = fc.oneof(fc.integer({ min: 0, max: 26 }), fc.constantFrom(127, 128, 300));

const time = times.map((value) => fixed64(1, value));
const usualFields: Field[] = [
  time,
  times.map((value) => fixed64(11, value)),
  severities.map((value) => number(2, BigInt(value))),
  texts.map((text) => lengthDelimited(3, bytesOf(text))),
  usualValues.map((value) => lengthDelimited(5, value)),
  fc.integer({ min: 0, max: 130 }).map((value) => number(7, BigInt(value))),
  fc.constant(Buffer.from([0x45, 1, 0, 0, 0])),
  ids.map((id) => lengthDelimited(9, id)),
  ids.map((id) => lengthDelimited(10, id)),
  texts.map((text) => lengthDelimited(12, bytesOf(text))),
];
const oddFields: Field[] = [
  ...usualFields,
  oddValues.map((value) => lengthDelimited(5, value)),
  integers.map((value) => number(2, value)),
  fc.integer({ min: 0, max: 300 }).map((value) => number(7, BigInt(value))),
  integers.map((value) => number(13, value)),
  texts.map((text) => lengthDelimited(17, bytesOf(text))),
  texts.map((text) => lengthDelimited(1, bytesOf(text))),
  longTexts.map((text) => lengthDelimited(12, bytesOf(text))),
];
const brokenFields = fc.oneof(
  brokenValues.map((value) => lengthDelimited(5, value)),
  brokenValues.map((value) => lengthDelimited(6, pairOf("a", value))),
  fc.constantFrom(
    Buffer.from([0x45, 1, 0, 0]),
    Buffer.from([0x02, 0]),
    Buffer.from([0x0b, 0x0c]),
    Buffer.from([0]),
  ),
  fc.constantFrom(
    Buffer.from([0x1a, 1, 0xff]),
    Buffer.from([0x62, 9, 0x61]),
    Buffer.from([0x32, 3, 0x0a, 9, 0x61]),
  ),
);

/** Some of the fields in their order. */
function someOf(fields: readonly Field[]): fc.Arbitrary<Buffer[]> {
  return fc.tuple(...fields.map((field) => fc.option(field, { nil: Buffer.alloc(0), freq: 1 })));
}

function recordOf(attributes: fc.Arbitrary<Buffer[]>): fc.Arbitrary<Buffer> {
  return fc
    .tuple(time, someOf(usualFields.slice(1)), attributes)
    .map(([at, fields, pairs]) => joined([at, ...fields, ...pairs.map((pair) => lengthDelimited(6, pair))]));
}

/** Each key once, as OpenTelemetry demands. */
const distinctPairs = fc
  .uniqueArray(fc.tuple(usualKeys, usualValues), { selector: ([key]) => key, maxLength: 8 })
  .map((pairs) => pairs.map(([key, value]) => pairOf(key, value)));
const usualRecord = recordOf(distinctPairs);
/** Valid, but not as clients write them: one or two things of many. */
const oddRecord = fc.oneof(
  recordOf(fc.tuple(distinctPairs, oddPairs).map(([pairs, pair]) => [...pairs, pair])),
  recordOf(fc.array(oddPairs, { maxLength: 3 })),
  fc.tuple(usualRecord, fc.oneof(...oddFields)).map(joined),
  fc.tuple(fc.oneof(...oddFields), usualRecord).map(joined),
  // An attribute that takes the place of another property, and traces that share their room.
  recordOf(
    fc.tuple(distinctPairs, fc.constantFrom(...ownKeys), usualValues).map(([pairs, key, value]) => {
      return [...pairs, pairOf(key, value)];
    }),
  ),
  recordOf(
    fc.tuple(fc.constantFrom("x".repeat(10_000), "x".repeat(16_000)), texts).map((values) => {
      return values.map((text, n) =>
        pairOf(n === 0 ? "exception.stacktrace" : "stack", lengthDelimited(1, bytesOf(text))),
      );
    }),
  ),
  // About as many as there may be.
  fc
    .integer({ min: 55, max: 66 })
    .chain((count) =>
      recordOf(fc.constant(Array.from({ length: count }, (_, n) => pairOf(`k${n}`, number(3, BigInt(n)))))),
    ),
  fc.array(fc.oneof(...oddFields), { maxLength: 5 }).map(joined),
);
const brokenRecord = fc.tuple(usualRecord, brokenFields).map(joined);

const resourceKeys = fc.constantFrom(
  "service.name",
  "service.version",
  "session.id",
  "mosis.package_id",
  "app.installation.id",
  "os.name",
  "telemetry.sdk.name",
  "telemetry.sdk.language",
  "deployment.environment.name",
  "geo.country.iso_code",
);
const resource = fc
  .array(fc.tuple(resourceKeys, usualValues), { maxLength: 6 })
  .map((pairs) => joined(pairs.map(([key, value]) => lengthDelimited(1, pairOf(key, value)))));
const oddResource = fc
  .array(
    oddPairs.map((pair) => lengthDelimited(1, pair)),
    { maxLength: 4 },
  )
  .map(joined);
const scope = fc.option(texts, { nil: "" }).map((name) => lengthDelimited(1, bytesOf(name)));
const schemaUrl = fc.constantFrom(Buffer.alloc(0), lengthDelimited(3, bytesOf("https://example.org")));

/** A request with everything in the usual order. */
function requestOf(record: fc.Arbitrary<Buffer>, attributes: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> {
  const logs = fc.tuple(scope, fc.array(record, { minLength: 1, maxLength: 4 }), schemaUrl);
  return fc
    .array(fc.tuple(attributes, fc.array(logs, { maxLength: 2 }), schemaUrl), { minLength: 1, maxLength: 3 })
    .map((resources) =>
      joined(
        resources.map(([pairs, scopes, url]) =>
          lengthDelimited(1, joined([lengthDelimited(1, pairs), ...scopes.map(scopeLogs), url])),
        ),
      ),
    );
}

function scopeLogs([name, records, url]: [Buffer, Buffer[], Buffer]): Buffer {
  // Some are equal.
  const all = records.length > 2 ? [...records, records[0] as Buffer] : records;
  const fields = all.map((record) => lengthDelimited(2, record));
  return lengthDelimited(2, joined([lengthDelimited(1, name), ...fields, url]));
}

const usualRequest = requestOf(usualRecord, resource);
const oddRequest = requestOf(
  fc.oneof({ weight: 2, arbitrary: usualRecord }, { weight: 1, arbitrary: oddRecord }),
  fc.oneof(resource, oddResource),
);
const brokenRequest = requestOf(
  fc.oneof({ weight: 5, arbitrary: usualRecord }, { weight: 1, arbitrary: brokenRecord }),
  resource,
);

/** The parts of a request in any order, as often as you like, with others between them. */
const mixedScope = fc
  .array(
    fc.oneof(
      usualRecord.map((record) => lengthDelimited(2, record)),
      scope.map((name) => lengthDelimited(1, name)),
      schemaUrl,
    ),
    { maxLength: 4 },
  )
  .map(joined);
const mixedRequest = fc
  .array(
    fc
      .array(
        fc.oneof(
          { weight: 3, arbitrary: mixedScope.map((it) => lengthDelimited(2, it)) },
          { weight: 2, arbitrary: resource.map((it) => lengthDelimited(1, it)) },
          { weight: 1, arbitrary: fc.constantFrom(lengthDelimited(3, bytesOf("url"), 1), number(4, 1n)) },
        ),
        { maxLength: 4 },
      )
      .map(joined),
    { maxLength: 2 },
  )
  .map((resources) => joined(resources.map((it) => lengthDelimited(1, it))));

const damage = fc.record({
  at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  remove: fc.nat(3),
  put: fc.oneof(
    fc.uint8Array({ maxLength: 3 }),
    fc.constantFrom(0x00, 0x02, 0x0a, 0x12, 0x32, 0x45, 0x7f, 0x80, 0xff).map((byte) => Buffer.from([byte])),
  ),
});
const damagedRequest = fc
  .tuple(fc.oneof(usualRequest, oddRequest), damage)
  .map(([body, { at, remove, put }]) => {
    const place = Math.floor(at * body.length);
    return Buffer.concat([body.subarray(0, place), put, body.subarray(place + remove)]);
  });

/** Bodies by how they differ from what clients send. */
export const requests = {
  usual: usualRequest,
  odd: fc.oneof({ weight: 3, arbitrary: oddRequest }, { weight: 1, arbitrary: mixedRequest }),
  damaged: fc.oneof(damagedRequest, brokenRequest),
};
