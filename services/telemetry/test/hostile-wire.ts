import type { HostileRequest } from "./hostile.ts";

/** The request as it goes over the wire. */
export function bytesOf({ headers, body, framing }: HostileRequest, path: string, secret: string): Buffer {
  const own = [
    ["Host", "x"],
    ["Authorization", `Bearer ${secret}`],
    ...headers,
    ...lengthHeaders(framing, body),
  ];
  const head = own.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const start = Buffer.from(`POST ${path} HTTP/1.1\r\n${head}\r\n`, "latin1");
  return Buffer.concat([
    start,
    framing === "chunked" || framing === "broken chunk" ? chunks(body, framing) : body,
  ]);
}

function lengthHeaders(framing: HostileRequest["framing"], { length }: Buffer): [string, string][] {
  switch (framing) {
    case "length":
      return [["Content-Length", String(length)]];
    case "missing":
      return [];
    case "short":
      return [["Content-Length", String(length + 7)]];
    case "long":
      return [["Content-Length", String(length >> 1)]];
    case "not a number":
      return [["Content-Length", `${length}, ${length + 1}`]];
    case "both":
      return [
        ["Content-Length", String(length)],
        ["Transfer-Encoding", "chunked"],
      ];
    default:
      return [["Transfer-Encoding", "chunked"]];
  }
}

function chunks(body: Buffer, framing: "chunked" | "broken chunk"): Buffer {
  const pieces: Buffer[] = [];
  for (let at = 0; at < body.length; at += 1000) {
    const piece = body.subarray(at, at + 1000);
    const size = framing === "chunked" ? piece.length.toString(16) : `${piece.length.toString(16)}g`;
    pieces.push(Buffer.from(`${size}\r\n`), piece, Buffer.from("\r\n"));
  }
  return Buffer.concat([...pieces, Buffer.from("0\r\n\r\n")]);
}
