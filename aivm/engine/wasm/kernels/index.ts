/**
 * The wasm module (AssemblyScript; fixed-width SIMD only: its results are the same on every host). Its memory is
 * imported and laid out by the host; nothing is allocated here.
 */
export { hashOps } from "./hashOps";
export { runSteps } from "./run";
export { startJob, waitJob } from "./team";

/** First byte of memory that the module does not use itself. */
export function heapBase(): usize {
  return __heap_base;
}
