/**
 * Gas of one block, counted by what transactions ask for. A share of it is reserved: ordinary transactions can not
 * fill it, so that messages with a clock running (disputes) always find room.
 */
import { basisPointsOf } from "../common/index.ts";

/** Limits of every block. */
export interface BlockGasLimits {
  /** Most gas of a block; 0 or negative = no limit. */
  readonly maxGas: bigint;
  /** Share of it that only reserved transactions may use, in basis points. */
  readonly reservedBasisPoints: number;
}

/** What the counter needs to know of a transaction. */
export interface GasClaim {
  readonly gasWanted: bigint;
  /** True when every message of the transaction may use the reserved share. */
  readonly isReserved: boolean;
}

/** Counter of one block. */
export interface BlockGas {
  /** Takes the transaction's gas when there is room; false, and nothing taken, when there is not. */
  admit(claim: GasClaim): boolean;
}

/** Most gas that one transaction can ask for, or undefined when there is no limit. */
export function largestGasLimit(limits: BlockGasLimits, isReserved: boolean): bigint | undefined {
  if (limits.maxGas <= 0n) return undefined;
  return isReserved
    ? limits.maxGas
    : limits.maxGas - basisPointsOf(limits.maxGas, limits.reservedBasisPoints);
}

/** A counter at zero. */
export function createBlockGas(limits: BlockGasLimits): BlockGas {
  const ordinaryLimit = largestGasLimit(limits, false);
  let total = 0n;
  let ordinary = 0n;
  return {
    admit: ({ gasWanted, isReserved }) => {
      if (ordinaryLimit === undefined) return true;
      if (total + gasWanted > limits.maxGas) return false;
      if (!isReserved && ordinary + gasWanted > ordinaryLimit) return false;
      total += gasWanted;
      if (!isReserved) ordinary += gasWanted;
      return true;
    },
  };
}
