/** The oracle on EVM chains: its contracts' interface, and the relayer over ports. Node-only parts are in io/. */
export * from "./core/abi.ts";
export { deliverArgs, hexOf, requestFromLog, requestTuple } from "./core/encode.ts";
export { decide, LIFECYCLE, RETRY_MS } from "./core/lifecycle.ts";
export { judgeProof } from "./core/proof.ts";
export type { Job, RelayerState, Stage } from "./core/state.ts";
export type { RelayerPolicy } from "./core/steps.ts";
export * from "./ports.ts";
export { createRelayer, type Relayer, type RelayerOptions, runRelayer } from "./relayer.ts";
