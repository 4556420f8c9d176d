/** This engine's own factors of requantisation in f64: exact, and shared with no other engine. */

/** multiplier / 2^shift, exactly. */
export function factorOf(multiplier: number, shift: number): number {
  let factor = multiplier;
  for (let i = 0; i < shift; i++) factor /= 2;
  return factor;
}
