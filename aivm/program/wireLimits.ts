/**
 * Counts of a message's fields, before it is decoded: a decoder makes an object of every two bytes if it is let, so a
 * file of some megabytes could ask for gigabytes. One pass, nothing allocated.
 */
import { AivmError } from "../../common/errors.ts";

/** How often a field may occur, and how long one occurrence may be when it is a string, bytes or a message. */
export interface FieldLimit {
  readonly count: number;
  readonly bytes?: number;
}

/** A message's name, for what is thrown, and its fields by number. */
export interface WireRule {
  readonly name: string;
  readonly fields: ReadonlyMap<number, FieldLimit>;
}

const VARINT = 0;
const FIXED64 = 1;
const LENGTH = 2;
const FIXED32 = 5;

/**
 * Requires that `bytes` have no more fields than `rule` allows. Whether they are a message is for the decoder to say.
 * @throws AIVM_LIMIT for too many or too long fields; AIVM_DECODE for what is no sequence of known fields.
 */
export function assertWire(bytes: Uint8Array, rule: WireRule): void {
  const counts = new Map<number, number>();
  let at = 0;
  while (at < bytes.length) {
    const tag = varintAt(bytes, at);
    const number = Math.floor(tag.value / 8);
    const limit = rule.fields.get(number);
    if (tag.next === 0 || limit === undefined) throw malformed(rule, at);
    const count = (counts.get(number) ?? 0) + 1;
    counts.set(number, count);
    if (count > limit.count)
      throw tooMuch(rule, `field ${number}`, { want: limit.count, got: `${count} or more` });
    const kind = tag.value % 8;
    const body = kind === VARINT || kind === LENGTH ? varintAt(bytes, tag.next) : undefined;
    if (body?.next === 0) throw malformed(rule, at);
    if (body !== undefined && kind === LENGTH) {
      const most = limit.bytes ?? 0;
      if (body.value > most)
        throw tooMuch(rule, `bytes of field ${number}`, { want: most, got: `${body.value}` });
      at = body.next + body.value;
    } else if (body !== undefined) at = body.next;
    else if (kind === FIXED64) at = tag.next + 8;
    else if (kind === FIXED32) at = tag.next + 4;
    else throw malformed(rule, at);
    if (at > bytes.length) throw malformed(rule, at);
  }
}

/** The varint at `at`, exact below 2^53, and the index behind it; next is 0 when there is none of at most ten bytes. */
function varintAt(bytes: Uint8Array, at: number): { readonly value: number; readonly next: number } {
  let value = 0;
  let unit = 1;
  for (let i = at; i < Math.min(bytes.length, at + 10); i++) {
    const byte = bytes[i] ?? 0;
    value += (byte % 128) * unit;
    unit *= 128;
    if (byte < 128) return { value, next: i + 1 };
  }
  return { value, next: 0 };
}

function malformed(rule: WireRule, at: number): AivmError {
  return new AivmError("AIVM_DECODE", {
    what: `message ${rule.name}`,
    want: "fields of its schema",
    got: `something else at byte ${at}`,
    remedy: "encode it with the schema of this version",
  });
}

function tooMuch(
  rule: WireRule,
  what: string,
  found: { readonly want: number; readonly got: string },
): AivmError {
  return new AivmError("AIVM_LIMIT", {
    what: `${what} of ${rule.name}`,
    want: `at most ${found.want}`,
    got: found.got,
    remedy: "split the model or correct the program",
  });
}
