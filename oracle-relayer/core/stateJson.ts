/** The relayer's state as JSON: bigint as {"$n"}, bytes as {"$b"}, so that nothing is rounded or guessed. */
import { bytesToHex, hexToBytes } from "../../common/bytes.ts";
import { AivmError } from "../../common/errors.ts";
import type { Job, RelayerState } from "./state.ts";

const VERSION = 1;

interface Stored {
  readonly version: number;
  readonly nextBlock: bigint;
  readonly anchors: RelayerState["anchors"];
  readonly jobs: readonly (readonly [string, Job])[];
}

/** Text of a state. */
export function stateToJson(state: RelayerState): string {
  const stored: Stored = {
    version: VERSION,
    nextBlock: state.nextBlock,
    anchors: state.anchors,
    jobs: [...state.jobs],
  };
  return JSON.stringify(stored, (_key, value: unknown) => {
    if (typeof value === "bigint") return { $n: value.toString() };
    if (value instanceof Uint8Array) return { $b: bytesToHex(value) };
    return value;
  });
}

/** State of a text that `stateToJson` wrote. @throws RELAYER_STATE on anything else. */
export function stateFromJson(text: string): RelayerState {
  try {
    const stored: Stored = JSON.parse(text, revive);
    if (stored.version === VERSION && typeof stored.nextBlock === "bigint") {
      return { nextBlock: stored.nextBlock, anchors: stored.anchors, jobs: new Map(stored.jobs) };
    }
  } catch (cause) {
    throw stateError("broken JSON", cause);
  }
  throw stateError("another version or shape");
}

function revive(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if ("$n" in value && typeof value.$n === "string") return BigInt(value.$n);
  if ("$b" in value && typeof value.$b === "string") return hexToBytes(value.$b);
  return value;
}

function stateError(got: string, cause?: unknown): AivmError {
  const facts = {
    what: "relayer state",
    want: `JSON of version ${VERSION}`,
    got,
    remedy: "move the file away: the relayer reads both chains again, and delivers nothing twice",
  };
  return new AivmError("RELAYER_STATE", facts, cause === undefined ? {} : { cause });
}
