/** The chain's public API: the application and its modules. The daemon around them is chain/bin/aivmd.ts. */
export type { AbciApplication } from "./abci.ts";
export { type AppOptions, createApp } from "./app.ts";
export type { Context } from "./context.ts";
export type { Module } from "./module.ts";
export {
  type AttestationSigner,
  createModules,
  type DevnetGenesis,
  devnetAppState,
} from "./modules/index.ts";
export { type DurableKv, memoryKv } from "./store/kv.ts";
