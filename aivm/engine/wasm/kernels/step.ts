/** What every kernel shares (AssemblyScript): this thread's view of the run, and reading of steps (plan/format.ts). */

/** Address of the run's arena. Set by `runSteps` before any kernel. */
export let arena: usize = 0;

/** Address of a u32 table: the address of each constant. */
export let constants: usize = 0;

/** Address of this thread's scratch. */
export let scratch: usize = 0;

/** Sets where this thread works. */
export function setPlaces(newArena: usize, newConstants: usize, newScratch: usize): void {
  arena = newArena;
  constants = newConstants;
  scratch = newScratch;
}

/** Word `index` of a step, header included. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
export function word(step: usize, index: i32): i32 {
  return load<i32>(step + (<usize>index << 2));
}

/** Place of the REF at word `index`: 0 none, 1 arena, 2 constant. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
export function refPlace(step: usize, index: i32): i32 {
  return word(step, index) & 3;
}

/** dtype of the REF at word `index`: 0 i8, 1 i16, 2 i32; an element has 1 << dtype bytes. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
export function refDtype(step: usize, index: i32): i32 {
  return word(step, index) >> 2;
}

/** Address of the first element of the REF at word `index`; 0 for a REF to nothing. */
export function refAddress(step: usize, index: i32): usize {
  const place = refPlace(step, index);
  if (place == 0) return 0;
  const at = <usize>word(step, index + 1);
  const base = place == 1 ? arena + (at << 6) : <usize>load<u32>(constants + (at << 2));
  return base + (<usize>word(step, index + 2) << refDtype(step, index));
}

/** Element `index` after `address`, sign extended. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
export function loadElement(address: usize, dtype: i32, index: i32): i32 {
  const at = address + (<usize>index << dtype);
  if (dtype == 0) return load<i8>(at);
  if (dtype == 1) return load<i16>(at);
  return load<i32>(at);
}

/** Stores the low bytes of `value` as element `index` after `address`. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
export function storeElement(address: usize, dtype: i32, index: i32, value: i32): void {
  const at = address + (<usize>index << dtype);
  if (dtype == 0) store<i8>(at, value);
  else if (dtype == 1) store<i16>(at, value);
  else store<i32>(at, value);
}

/** First unit of `thread`'s share of `units`; its share ends where that of `thread + 1` begins. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
export function shareOf(units: i32, thread: i32, threads: i32): i32 {
  return <i32>((<u64>units * <u64>thread) / <u64>threads);
}
