/** This engine's own requantisation in f64: exact by the bounds that loading has proven, and shared with no other engine. */

/** 1.5 x 2^52: adding and taking it away rounds |v| < 2^51 half to even, by the rounding of f64 addition itself. */
const MAGIC = 6_755_399_441_055_744;

/** multiplier / 2^shift, exactly. */
export function factorOf(multiplier: number, shift: number): number {
  let factor = multiplier;
  for (let i = 0; i < shift; i++) factor /= 2;
  return factor;
}

/** How a loop finishes an element. */
export interface Finish {
  readonly factor: number;
  readonly zero: number;
  readonly lo: number;
  readonly hi: number;
}

/** clamp(zero + RNE(acc x factor)); |acc x multiplier| <= 2^53. Clamped before rounding: the limits are integers. */
export function finish(acc: number, to: Finish): number {
  const bounded = Math.min(Math.max(acc * to.factor, to.lo - to.zero), to.hi - to.zero);
  return bounded + MAGIC - MAGIC + to.zero;
}
