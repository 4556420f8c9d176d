/**
 * The wasm module (AssemblyScript; fixed-width SIMD only: its results are the same on every host). Its memory is
 * imported and laid out by the host; nothing is allocated here.
 */
export { runSteps } from "./run";
export { follow, startJob, waitJob } from "./team";
