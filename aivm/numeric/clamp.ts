/** Clamping of integers. */

/** `value` moved into [lo, hi]; lo <= hi. */
export function clamp(value: number, lo: number, hi: number): number {
  if (value < lo) return lo;
  return value > hi ? hi : value;
}
