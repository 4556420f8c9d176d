/** The validator set: order, updates from the application, totals. */
import type { ValidatorUpdate } from "cosmjs-types/tendermint/abci/types";
import { bytesToHex, compareBytes } from "../../../common/bytes.ts";
import { AivmError } from "../../../common/errors.ts";
import { ed25519Address } from "./hash.ts";

/** Most voting power that a set may hold in total: 2^63 / 8. */
const MAX_TOTAL_VOTING_POWER = (2n ** 63n - 1n) / 8n;

/** One validator of the set. */
export interface EngineValidator {
  /** 20 bytes: SHA-256 of the key, cut. */
  readonly address: Uint8Array;
  /** ed25519, 32 bytes. */
  readonly pubKey: Uint8Array;
  /** At least 1. */
  readonly votingPower: bigint;
}

/** A validator from its key. */
export function createValidator(pubKey: Uint8Array, votingPower: bigint): EngineValidator {
  return { address: ed25519Address(pubKey), pubKey, votingPower };
}

/** Set order: power descending, then address ascending. */
export function sortValidators(validators: readonly EngineValidator[]): EngineValidator[] {
  return [...validators].sort((a, b) => {
    if (a.votingPower !== b.votingPower) return a.votingPower > b.votingPower ? -1 : 1;
    return compareBytes(a.address, b.address);
  });
}

/** Sum of the powers. */
function totalVotingPower(validators: readonly EngineValidator[]): bigint {
  return validators.reduce((sum, { votingPower }) => sum + votingPower, 0n);
}

/**
 * The set after `updates`: a power replaces, power 0 removes.
 * @throws CHAIN_VALIDATORS on a key that is not ed25519, a duplicate, a removal of a stranger, an empty set or too much power.
 */
export function applyValidatorUpdates(
  validators: readonly EngineValidator[],
  updates: readonly ValidatorUpdate[],
): EngineValidator[] {
  const byAddress = new Map(validators.map((validator) => [bytesToHex(validator.address), validator]));
  const seen = new Set<string>();
  for (const update of updates) {
    const pubKey = update.pubKey.ed25519;
    if (pubKey === undefined || pubKey.length !== 32) throw badUpdate("a 32-byte ed25519 key", "another key");
    const validator = createValidator(pubKey, update.power);
    const id = bytesToHex(validator.address);
    if (seen.has(id)) throw badUpdate("each validator once", `${id} twice`);
    seen.add(id);
    if (update.power < 0n) throw badUpdate("a power of 0 or more", String(update.power));
    if (update.power > 0n) byAddress.set(id, validator);
    else if (!byAddress.delete(id)) throw badUpdate("the removal of a member", `removal of ${id}`);
  }
  const next = sortValidators([...byAddress.values()]);
  if (next.length === 0) throw badUpdate("at least one validator left", "an empty set");
  if (totalVotingPower(next) > MAX_TOTAL_VOTING_POWER) {
    throw badUpdate(`total power of at most ${MAX_TOTAL_VOTING_POWER}`, String(totalVotingPower(next)));
  }
  return next;
}

function badUpdate(want: string, got: string): AivmError {
  return new AivmError("CHAIN_VALIDATORS", {
    what: "validator update from the application",
    want,
    got,
    remedy: "fix the application: a set that consensus can not hold halts the chain",
  });
}
