import { telemetryLimits } from "@mosis/types/telemetry";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** The range that a DateTime64(3) of ClickHouse can hold, 1900 to 2299. */
const storedMinMs = Date.UTC(1900, 0, 1);
const storedMaxMs = Date.UTC(2300, 0, 1) - 1;

/**
 * Returns the milliseconds since 1970 of an RFC 3339 text or of a number of milliseconds; NaN when it is
 * neither.
 */
export function timeOf(value: string | number): number {
  const ms = typeof value === "number" ? Math.trunc(value) : parseRfc3339(value);
  return ms >= storedMinMs && ms <= storedMaxMs ? ms : Number.NaN;
}

/**
 * Returns what to add to the times of a batch: the difference of the two clocks when it exceeds two minutes,
 * else 0.
 * @param sentAt the client's clock when it sent the batch; undefined when the batch does not have it.
 * @returns NaN when `sentAt` is not a time.
 */
export function clockCorrection(sentAt: string | number | undefined, receivedAtMs: number): number {
  if (sentAt === undefined) return 0;
  const skewMs = timeOf(sentAt) - receivedAtMs;
  if (Math.abs(skewMs) <= telemetryLimits.clockSkewMsMax) return 0;
  return -skewMs;
}

/** Returns the oldest and the newest event time that is accepted now. */
export function acceptedRange(receivedAtMs: number): { oldestMs: number; newestMs: number } {
  return {
    oldestMs: receivedAtMs - telemetryLimits.eventAgeDaysMax * dayMs,
    newestMs: receivedAtMs + telemetryLimits.eventAheadHoursMax * hourMs,
  };
}

const shape = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)$/;

/**
 * Parses RFC 3339 §5.6 with the offset that it demands; a leap second counts as the next second. `Date.parse`
 * does not serve: it also accepts texts that are not RFC 3339, and turns 30 February into a day of March.
 */
function parseRfc3339(text: string): number {
  if (!shape.test(text)) return Number.NaN;
  const year = digits(text, 0, 4);
  const month = digits(text, 5, 2);
  const day = digits(text, 8, 2);
  const hour = digits(text, 11, 2);
  const minute = digits(text, 14, 2);
  const second = digits(text, 17, 2);
  // Date.UTC reads the years 0 to 99 as 1900 to 1999.
  if (year < 100) return Number.NaN;
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return Number.NaN;
  if (hour > 23 || minute > 59 || second > 60) return Number.NaN;
  let end = 19;
  let ms = 0;
  if (text.charCodeAt(19) === 0x2e) {
    end = 20;
    for (let scale = 100; isDigit(text, end); end++, scale /= 10) {
      if (scale >= 1) ms += digits(text, end, 1) * scale;
    }
  }
  const local = Date.UTC(year, month - 1, day, hour, minute, second, ms);
  return local - offsetMs(text, end);
}

function offsetMs(text: string, at: number): number {
  const sign = text.charCodeAt(at);
  if (sign !== 0x2b && sign !== 0x2d) return 0;
  const hours = digits(text, at + 1, 2);
  const minutes = digits(text, at + 4, 2);
  if (hours > 23 || minutes > 59) return Number.NaN;
  return (sign === 0x2d ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}

function digits(text: string, at: number, count: number): number {
  let value = 0;
  for (let i = at; i < at + count; i++) value = value * 10 + text.charCodeAt(i) - 48;
  return value;
}

function isDigit(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  return unit >= 48 && unit <= 57;
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}
