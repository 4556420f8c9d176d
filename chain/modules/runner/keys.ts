/** Keys of store `runner`. */
import { concatBytes, u64be } from "../../../common/index.ts";
import { addressBytes } from "../../address.ts";

/** Store of the module. */
export const RUNNER_STORE = "runner";

/** Parameters. */
export function paramsKey(): Uint8Array {
  return new Uint8Array([0]);
}

/** Runner by account. */
export function runnerKey(operator: string): Uint8Array {
  return concatBytes(runnerPrefix(), addressBytes(operator));
}

/** All runners, in address order. */
export function runnerPrefix(): Uint8Array {
  return new Uint8Array([1]);
}

/** An unbonding by the time at which it is paid. */
export function unbondingKey(untilMs: bigint, operator: string): Uint8Array {
  return concatBytes(unbondingPrefix(), u64be(untilMs), addressBytes(operator));
}

/** All unbondings, in order of time. */
export function unbondingPrefix(): Uint8Array {
  return new Uint8Array([2]);
}

/** First key of the unbondings that are paid after `nowMs`. */
export function unbondingAfter(nowMs: bigint): Uint8Array {
  return concatBytes(unbondingPrefix(), u64be(nowMs + 1n));
}
