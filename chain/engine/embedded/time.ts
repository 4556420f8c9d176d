/** Block time: protobuf timestamps with nanosecond parts, as nanoseconds since the Unix epoch in a bigint. No clock here. */
import { Timestamp } from "cosmjs-types/google/protobuf/timestamp";
import { AivmError } from "../../../common/errors.ts";

const NANOS_PER_SECOND = 1_000_000_000n;
const SECONDS_PER_DAY = 86_400n;

/** Nanoseconds since the epoch; negative before 1970. */
export function timestampToNanos(time: Timestamp): bigint {
  return time.seconds * NANOS_PER_SECOND + BigInt(time.nanos);
}

/** The timestamp `nanos` after the epoch; its nanosecond part is in [0, 10^9) also before 1970. */
export function nanosToTimestamp(nanos: bigint): Timestamp {
  const rest = ((nanos % NANOS_PER_SECOND) + NANOS_PER_SECOND) % NANOS_PER_SECOND;
  return Timestamp.fromPartial({ seconds: (nanos - rest) / NANOS_PER_SECOND, nanos: Number(rest) });
}

/** RFC 3339 in UTC with up to nine fraction digits, trailing zeros trimmed: how CometBFT prints every time. */
export function formatTime(time: Timestamp): string {
  const secondsOfDay = ((time.seconds % SECONDS_PER_DAY) + SECONDS_PER_DAY) % SECONDS_PER_DAY;
  const { year, month, day } = daysToDate((time.seconds - secondsOfDay) / SECONDS_PER_DAY);
  const clock = [secondsOfDay / 3600n, (secondsOfDay / 60n) % 60n, secondsOfDay % 60n].map(pad2).join(":");
  const fraction = time.nanos === 0 ? "" : `.${String(time.nanos).padStart(9, "0").replace(/0+$/, "")}`;
  return `${String(year).padStart(4, "0")}-${pad2(month)}-${pad2(day)}T${clock}${fraction}Z`;
}

const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):(\d\d))$/;

/**
 * The time that an RFC 3339 text names, to the nanosecond.
 * @throws CHAIN_TIME when the text is not one.
 */
export function parseTime(text: string): Timestamp {
  const match = RFC3339.exec(text);
  const [, year, month, day, hour, minute, second, fraction, sign, offsetHour, offsetMinute] = match ?? [];
  if (match === null || !inRange(month, 1, 12) || !inRange(day, 1, 31)) throw badTime(text);
  if (!inRange(hour, 0, 23) || !inRange(minute, 0, 59) || !inRange(second, 0, 59)) throw badTime(text);
  const days = dateToDays(BigInt(year ?? "0"), BigInt(month ?? "0"), BigInt(day ?? "0"));
  const clock = BigInt(hour ?? "0") * 3600n + BigInt(minute ?? "0") * 60n + BigInt(second ?? "0");
  const offset = BigInt(offsetHour ?? "0") * 3600n + BigInt(offsetMinute ?? "0") * 60n;
  const seconds = days * SECONDS_PER_DAY + clock - (sign === "-" ? -offset : offset);
  return Timestamp.fromPartial({ seconds, nanos: Number((fraction ?? "").padEnd(9, "0")) });
}

function inRange(digits: string | undefined, low: number, high: number): boolean {
  const value = Number(digits);
  return value >= low && value <= high;
}

function badTime(text: string): AivmError {
  return new AivmError("CHAIN_TIME", {
    what: "time",
    want: "RFC 3339, such as 2026-01-02T03:04:05.678Z",
    got: text.slice(0, 60),
    remedy: "write the time in UTC with a Z",
  });
}

function pad2(value: bigint): string {
  return String(value).padStart(2, "0");
}

// Proleptic Gregorian calendar by whole 400-year cycles counted from 0000-03-01, so that the leap day ends a year.
const DAYS_PER_CYCLE = 146_097n;
const EPOCH_FROM_MARCH_0000 = 719_468n;

function daysToDate(days: bigint): {
  readonly year: bigint;
  readonly month: bigint;
  readonly day: bigint;
} {
  const shifted = days + EPOCH_FROM_MARCH_0000;
  const cycle = (shifted >= 0n ? shifted : shifted - DAYS_PER_CYCLE + 1n) / DAYS_PER_CYCLE;
  const dayOfCycle = shifted - cycle * DAYS_PER_CYCLE;
  const yearOfCycle = (dayOfCycle - dayOfCycle / 1460n + dayOfCycle / 36_524n - dayOfCycle / 146_096n) / 365n;
  const dayOfYear = dayOfCycle - (365n * yearOfCycle + yearOfCycle / 4n - yearOfCycle / 100n);
  const marchMonth = (5n * dayOfYear + 2n) / 153n;
  const month = marchMonth < 10n ? marchMonth + 3n : marchMonth - 9n;
  return {
    year: yearOfCycle + cycle * 400n + (month <= 2n ? 1n : 0n),
    month,
    day: dayOfYear - (153n * marchMonth + 2n) / 5n + 1n,
  };
}

function dateToDays(year: bigint, month: bigint, day: bigint): bigint {
  const marchYear = month <= 2n ? year - 1n : year;
  const cycle = (marchYear >= 0n ? marchYear : marchYear - 399n) / 400n;
  const yearOfCycle = marchYear - cycle * 400n;
  const dayOfYear = (153n * (month > 2n ? month - 3n : month + 9n) + 2n) / 5n + day - 1n;
  const dayOfCycle = yearOfCycle * 365n + yearOfCycle / 4n - yearOfCycle / 100n + dayOfYear;
  return cycle * DAYS_PER_CYCLE + dayOfCycle - EPOCH_FROM_MARCH_0000;
}
