import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

/** `ExportLogsServiceResponse`; empty when nothing was refused. */
export function encodeResponse(rejected: number, message: string): Uint8Array {
  const response = new BinaryWriter();
  if (rejected === 0) return response.finish();
  response.tag(1, WireType.LengthDelimited).fork();
  response.tag(1, WireType.Varint).int64(rejected);
  response.tag(2, WireType.LengthDelimited).string(message);
  return response.join().finish();
}

/** `google.rpc.Status`, with its message alone: the protocol does not use its code. */
export function encodeStatus(message: string): Uint8Array {
  return new BinaryWriter().tag(2, WireType.LengthDelimited).string(message).finish();
}
