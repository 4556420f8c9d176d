/** Clamping of integers. */

/** `value` moved into [lo, hi]; lo <= hi. */
export function clamp(value: number, lo: number, hi: number): number {
  return Math.min(Math.max(value, lo), hi);
}
