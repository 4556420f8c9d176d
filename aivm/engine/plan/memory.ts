/**
 * Where buffers lie in the arena. Two buffers may share bytes when no step needs both. Largest first, each at the lowest
 * place that is free while it lives: the "greedy by size" of Pisarchyk and Lee, "Efficient memory management for deep
 * neural net inference" (2020).
 */
import { ARENA_UNIT } from "./format.ts";

/** A buffer of `bytes` that holds its value from step `first` to step `last`, both included; -1 is before all steps. */
export interface Lifetime {
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
}

/** Offset of each buffer, a multiple of ARENA_UNIT, and the bytes of all of them. */
export interface Placement {
  readonly offsets: readonly number[];
  readonly bytes: number;
}

interface Placed extends Lifetime {
  readonly offset: number;
}

/** Places buffers. Takes time in buffers squared at worst. */
export function placeBuffers(lifetimes: readonly Lifetime[]): Placement {
  const order = lifetimes.map((_, index) => index);
  const sizeOf = (index: number): number => lifetimes[index]?.bytes ?? 0;
  order.sort((a, b) => sizeOf(b) - sizeOf(a) || a - b);
  const placed: Placed[] = [];
  const offsets = new Array<number>(lifetimes.length).fill(0);
  let bytes = 0;
  for (const index of order) {
    const lifetime = lifetimes[index];
    if (lifetime === undefined) continue;
    const room = { ...lifetime, bytes: roundUp(lifetime.bytes) };
    const offset = lowestFree(placed, room);
    offsets[index] = offset;
    bytes = Math.max(bytes, offset + room.bytes);
    insert(placed, { ...room, offset });
  }
  return { offsets, bytes };
}

/** Lowest offset at which `wanted` meets no buffer that lives at the same time; `placed` is sorted by offset. */
function lowestFree(placed: readonly Placed[], wanted: Lifetime): number {
  let at = 0;
  for (const other of placed) {
    if (other.last < wanted.first || other.first > wanted.last) continue;
    if (other.offset >= at + wanted.bytes) break;
    at = Math.max(at, other.offset + other.bytes);
  }
  return at;
}

function insert(placed: Placed[], item: Placed): void {
  let low = 0;
  let high = placed.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((placed[middle]?.offset ?? 0) <= item.offset) low = middle + 1;
    else high = middle;
  }
  placed.splice(low, 0, item);
}

function roundUp(bytes: number): number {
  return Math.ceil(Math.max(bytes, 1) / ARENA_UNIT) * ARENA_UNIT;
}
