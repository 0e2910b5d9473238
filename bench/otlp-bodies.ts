// Encodes the events of `bodies.ts` as OpenTelemetry's log records, in protobuf, as an SDK writes them.
import { contextOf, createDice, type LifelikeEvent, uuid } from "../infra/local/lifelike.ts";
import { type BodyOptions, type PreparedRequest, sessionsOf } from "./bodies.ts";

/** Makes the n-th request. */
export function prepareLogs(n: number, options: BodyOptions): PreparedRequest {
  const dice = createDice(options.seed);
  const nowMs = Date.now();
  const { app, events } = sessionsOf(n, options, nowMs);
  const context = contextOf(dice, n, n);
  const resource = attributes(1, {
    "service.name": `app-${app}`,
    "service.version": String(context.version_code),
    "telemetry.sdk.name": "opentelemetry",
    "telemetry.sdk.language": "java",
    "telemetry.sdk.version": "1.55.0",
    "app.installation.id": context.install_id ?? "",
    "os.name": context.os ?? "",
    "os.version": context.os_version ?? "",
    "device.model.identifier": context.device_model ?? "",
  });
  const scope = field(1, text(1, "org.example.telemetry"));
  const records = events.map((event, i) =>
    field(2, recordOf(event, uuid(dice, 50, n * events.length + i), i)),
  );
  const logs = Buffer.concat([field(1, resource), field(2, Buffer.concat([scope, ...records]))]);
  const body = field(1, logs);
  const head = [
    "POST /v1/logs HTTP/1.1",
    `host: ${options.host}`,
    `authorization: Bearer ${options.keys[app]}`,
    "content-type: application/x-protobuf",
    `content-length: ${body.length}`,
    "\r\n",
  ].join("\r\n");
  return locate(Buffer.concat([Buffer.from(head), body]), events, { install: context.install_id, nowMs });
}

/** Half of the records belong to a trace. */
function recordOf(event: LifelikeEvent, trace: string, index: number): Buffer {
  const ids = Buffer.from(trace.replaceAll("-", ""), "hex");
  return Buffer.concat([
    fixed64(1, nanoseconds(event.time)),
    Buffer.from([(2 << 3) | 0, 9]),
    text(3, "INFO"),
    field(5, valueOf(`The user is at ${event.properties?.["screen"]}.`)),
    attributes(6, { "session.id": event.session_id, ...event.properties }),
    ...(index % 2 === 0 ? [field(9, ids), field(10, ids.subarray(8))] : []),
    fixed64(11, nanoseconds(event.time)),
    text(12, event.name),
  ]);
}

function nanoseconds(ms: number): bigint {
  return BigInt(ms) * 1_000_000n;
}

function attributes(number: number, values: Record<string, string | number | boolean>): Buffer {
  return Buffer.concat(
    Object.entries(values).map(([key, value]) =>
      field(number, Buffer.concat([text(1, key), field(2, valueOf(value))])),
    ),
  );
}

/** Encodes an `AnyValue`; numbers must be whole. */
function valueOf(value: string | number | boolean): Buffer {
  if (typeof value === "string") return text(1, value);
  const number = typeof value === "boolean" ? 2 : 3;
  return Buffer.concat([Buffer.from([number << 3]), varint(Number(value))]);
}

function text(number: number, value: string): Buffer {
  return field(number, Buffer.from(value));
}

function field(number: number, value: Buffer): Buffer {
  return Buffer.concat([Buffer.from([(number << 3) | 2]), varint(value.length), value]);
}

function fixed64(number: number, value: bigint): Buffer {
  const bytes = Buffer.alloc(9, (number << 3) | 1);
  bytes.writeBigUInt64LE(value, 1);
  return bytes;
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Buffer.from([...bytes, rest]);
}

interface Known {
  install: string | undefined;
  nowMs: number;
}

function locate(
  message: Buffer,
  events: readonly LifelikeEvent[],
  { install, nowMs }: Known,
): PreparedRequest {
  const request: PreparedRequest = {
    message,
    events: events.length,
    idOffsets: [],
    sessionOffsets: [],
    times: [],
  };
  if (install) request.idOffsets.push(...lastGroupsOf(message, install));
  for (const session of new Set(events.map(({ session_id }) => session_id))) {
    request.sessionOffsets.push(lastGroupsOf(message, session));
  }
  let at = 0;
  for (const { time } of events) {
    for (const number of [1, 11]) {
      at = message.indexOf(fixed64(number, nanoseconds(time)), at) + 1;
      request.times.push({ offset: at, agoMs: nowMs - time, isNanoseconds: true });
    }
  }
  return request;
}

/** Returns the offsets at which the last group of each occurrence of a UUID starts. */
function lastGroupsOf(message: Buffer, id: string): number[] {
  const offsets: number[] = [];
  for (let at = message.indexOf(id); at >= 0; at = message.indexOf(id, at + 1)) offsets.push(at + 24);
  return offsets;
}
