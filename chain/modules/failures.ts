/** Errors of a module: its codespace, numeric codes from 2 on, and the checks that every module makes of fields. */
import type { ErrorFacts } from "../../common/index.ts";
import { addressBytes } from "../address.ts";
import { ChainError } from "../codes.ts";

/** Makes the errors of one codespace: `fail("unknownModel", facts)` has code MODEL_UNKNOWN_MODEL. */
export type Fail<C extends string> = (code: C, facts: ErrorFacts) => ChainError;

/** The error maker of a codespace. Numbers are part of the interface: they are never reused. */
export function failuresOf<C extends string>(codespace: string, codes: Readonly<Record<C, number>>): Fail<C> {
  return (code, facts) => {
    const name = code.replace(/[A-Z]/g, (letter) => `_${letter}`);
    return new ChainError(
      { codespace, abciCode: codes[code], code: `${codespace}_${name}`.toUpperCase() },
      facts,
    );
  };
}

/** Refuses a byte field of another length. */
export function assertLength<C extends string>(
  fail: Fail<C>,
  code: C,
  field: { readonly what: string; readonly bytes: Uint8Array; readonly want: readonly number[] },
): void {
  const { what, bytes, want } = field;
  if (want.includes(bytes.length)) return;
  throw fail(code, {
    what,
    want: `${want.join(" or ")} bytes`,
    got: `${bytes.length} bytes`,
    remedy: "Send the field in its full length.",
  });
}

/** Refuses an amount of nothing. */
export function assertPositive<C extends string>(
  fail: Fail<C>,
  code: C,
  field: { readonly what: string; readonly amount: bigint },
): void {
  if (field.amount > 0n) return;
  throw fail(code, {
    what: field.what,
    want: "more than 0uaivm",
    got: "0uaivm",
    remedy: "Name an amount.",
  });
}

/** Refuses an endpoint that is no short http(s) URL; the empty one (none) passes. */
export function assertEndpoint<C extends string>(fail: Fail<C>, code: C, endpoint: string): void {
  if (endpoint === "" || (endpoint.length <= 256 && /^https?:\/\/[!-~]+$/.test(endpoint))) return;
  throw fail(code, {
    what: "endpoint",
    want: "an http or https URL of at most 256 characters, or nothing",
    got: `${endpoint.slice(0, 40)} (${endpoint.length} characters)`,
    remedy: "Register the base URL under which the node can be reached.",
  });
}

/** Refuses text that is no account address. @throws ChainError invalid address (sdk 7) */
export function assertAddress(text: string): void {
  addressBytes(text);
}
