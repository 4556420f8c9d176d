/** Seeded randomness for tests: the same cases on every machine. */
import { createTensor, type Tensor, type TensorType } from "../../../aivm/index.ts";

/** A stream of pseudo-random numbers. */
export interface Random {
  /** Integer in [lo, hi]. */
  int(lo: number, hi: number): number;
  /** One of the items. */
  pick<T>(items: readonly T[]): T;
}

/** Mulberry32. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const int = (lo: number, hi: number): number => lo + Math.floor(next() * (hi - lo + 1));
  return {
    int,
    pick: (items) => {
      const item = items[int(0, items.length - 1)];
      if (item === undefined) throw new RangeError("nothing to pick from");
      return item;
    },
  };
}

/**
 * Tensor of a type: half of its elements at the ends of the range or next to 0, the others anywhere in the range; one
 * tensor in five is all at one end, so that sums become as large as they can.
 */
export function randomTensor(random: Random, type: TensorType): Tensor {
  const tensor = createTensor(type.dtype, type.shape);
  const { lo, hi } = type;
  if (random.int(0, 4) === 0) {
    tensor.data.fill(random.pick([lo, hi]));
    return tensor;
  }
  const menu = [lo, hi, lo + 1, hi - 1, 0, 1, -1].filter((value) => value >= lo && value <= hi);
  for (let i = 0; i < tensor.data.length; i++) {
    tensor.data[i] = random.int(0, 1) === 0 ? random.pick(menu) : random.int(lo, hi);
  }
  return tensor;
}
