// Messages of OTLP by hand, so that what is wrong with them can be chosen.
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

/** Sends a request of OTLP's logs; no key with `secret: null`. */
export function post(
  { url, secret }: { url: string; secret: string | null },
  body: string | Uint8Array,
  headers: Record<string, string> = {},
) {
  const key: Record<string, string> = secret === null ? {} : { authorization: `Bearer ${secret}` };
  return fetch(`${url}/v1/logs`, {
    method: "POST",
    headers: { "content-type": "application/json", ...key, ...headers },
    body: body as string | Uint8Array<ArrayBuffer>,
  });
}

export function logsOf(logRecords: object[], attributes: object[] = []) {
  return {
    resourceLogs: [{ resource: { attributes }, scopeLogs: [{ scope: { name: "test" }, logRecords }] }],
  };
}

export function nanoseconds(aheadMs = 0): string {
  return `${Date.now() + aheadMs}000000`;
}

export function writer() {
  const it = new BinaryWriter();
  return {
    bytes: (field: number, value: Uint8Array) => void it.tag(field, WireType.LengthDelimited).bytes(value),
    text: (field: number, value: string) => void it.tag(field, WireType.LengthDelimited).string(value),
    fixed64: (field: number, value: bigint) => void it.tag(field, WireType.Bit64).fixed64(value),
    done: () => it.finish(),
  };
}

export function protobufResource(attributes: Record<string, string>, records: Uint8Array[]): Uint8Array {
  const resource = writer();
  for (const [key, text] of Object.entries(attributes)) {
    const value = writer();
    value.text(1, text);
    const pair = writer();
    pair.text(1, key);
    pair.bytes(2, value.done());
    resource.bytes(1, pair.done());
  }
  const scope = writer();
  for (const record of records) scope.bytes(2, record);
  const logs = writer();
  logs.bytes(1, resource.done());
  logs.bytes(2, scope.done());
  return logs.done();
}

export function protobufRecord(name: string, daysAgo = 0): Uint8Array {
  const record = writer();
  record.fixed64(1, BigInt(Date.now() - daysAgo * 86_400_000) * 1_000_000n);
  record.text(12, name);
  return record.done();
}

export function nestedRecord(levels: number): Uint8Array {
  let value: Uint8Array = new Uint8Array();
  for (let i = 0; i < levels; i++) {
    const list = writer();
    list.bytes(1, value);
    const any = writer();
    any.bytes(5, list.done());
    value = any.done();
  }
  const record = writer();
  record.bytes(5, value);
  return record.done();
}

export async function bytesOf(answer: Response): Promise<Uint8Array> {
  return new Uint8Array(await answer.arrayBuffer());
}

export function fieldsOf(message: Uint8Array): Map<number, Uint8Array | bigint> {
  const reader = new BinaryReader(message);
  const fields = new Map<number, Uint8Array | bigint>();
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    fields.set(field, type === WireType.LengthDelimited ? reader.bytes() : BigInt(reader.int64()));
  }
  return fields;
}
