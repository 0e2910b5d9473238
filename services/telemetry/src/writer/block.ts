import type { IncomingRecord } from "@mosis/kafka";
import { blockFormat, recordHeaders } from "@mosis/types/topics";

/** The content of a record of native blocks. */
export interface Block {
  /** The rows in `value`; 0 when a flush had only its batches. */
  rows: number;
  value: Buffer;
}

/** Why a record is not in its form. `code` is stable, for metrics and for people who replay it. */
export interface RecordFault {
  code: string;
  detail: string;
}

/**
 * Checks a record as far as that costs nothing: its headers, and that its block begins with the columns and
 * rows that it claims. ClickHouse checks the data.
 */
export function readBlock({ value, headers }: IncomingRecord, columns: number): Block | RecordFault {
  const format = headers[recordHeaders.format]?.toString();
  if (format !== blockFormat) {
    return fault(
      "format_unknown",
      `The block format is ${format ?? "missing"}; the only known one is ${blockFormat}.`,
    );
  }
  const rows = Number(headers[recordHeaders.rows]?.toString() ?? Number.NaN);
  if (!Number.isSafeInteger(rows) || rows < 0)
    return fault("rows_invalid", "The header rows is not a number.");
  const block = { rows, value: value ?? Buffer.alloc(0) };
  if (rows === 0 && block.value.length === 0) return block;
  const head = [...varints(block.value, 2)];
  if (head[0] !== columns || head[1] !== rows) {
    return fault("head_invalid", `The block does not have ${columns} columns and ${rows} rows.`);
  }
  return block;
}

export function isFault(value: object): value is RecordFault {
  return "code" in value;
}

/**
 * Returns the month of a record. Rows of one month go into one insert, because they go into one partition of
 * the table.
 */
export function monthOf({ headers }: IncomingRecord): string | RecordFault {
  const month = headers[recordHeaders.month]?.toString() ?? "";
  if (/^(\d{6}|0)$/.test(month)) return month;
  return fault("month_invalid", "The header month is neither YYYYMM nor 0.");
}

function fault(code: string, detail: string): RecordFault {
  return { code, detail };
}

/** Reads numbers in LEB128, as ClickHouse writes sizes. */
function* varints(bytes: Buffer, count: number): Generator<number> {
  let at = 0;
  for (let i = 0; i < count; i++) {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[at++];
      if (byte === undefined || factor > 2 ** 42) return;
      value += (byte & 127) * factor;
      if (byte < 128) break;
    }
    yield value;
  }
}
