/** The modules of the chain, as the daemon runs them. */
import { createDisputeModule } from "./dispute/module.ts";
import type { AttestationSigner } from "./oracle/attestation.ts";
import { type WiredModules, wireModules } from "./wiring.ts";

export { type DevnetGenesis, devnetAppState, testnetAppState } from "./devnetGenesis.ts";
export type { AttestationSigner } from "./oracle/attestation.ts";
export type { WiredModules } from "./wiring.ts";

/** All modules, and the handler of vote extensions. Without `signer` this node attests nothing. */
export function createModules(options: { readonly signer?: AttestationSigner } = {}): WiredModules {
  return wireModules({ createDispute: createDisputeModule, ...options });
}
