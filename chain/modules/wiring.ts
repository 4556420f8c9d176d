/** All modules of the chain, wired over their ports. */
import type { Module, VoteExtensionHandler } from "../module.ts";
import { createAuthModule } from "./auth/module.ts";
import { moduleAccount } from "./bank/keeper.ts";
import { createBankModule } from "./bank/module.ts";
import { ACCOUNTS } from "./coins.ts";
import { createInferenceKeeper } from "./inference/keeper.ts";
import { createInferenceModule } from "./inference/module.ts";
import type { InferencePorts } from "./inference/ports.ts";
import { createModelKeeper } from "./model/keeper.ts";
import { createModelModule } from "./model/module.ts";
import { type AttestationSigner, createVoteExtensions } from "./oracle/attestation.ts";
import { createOracleKeeper } from "./oracle/keeper.ts";
import { createOracleModule } from "./oracle/module.ts";
import type { CreateDisputeModule, DisputePort } from "./ports.ts";
import { createRunnerKeeper } from "./runner/keeper.ts";
import { createRunnerModule } from "./runner/module.ts";
import { createTeeModule } from "./tee/module.ts";

/** What the application is made of. */
export interface WiredModules {
  /** In the order of their block hooks: whoever ends requests comes before oracle, which seals their results. */
  readonly modules: readonly Module[];
  readonly voteExtensions: VoteExtensionHandler;
}

/** Wires the modules around a game. Without `signer` this node attests nothing. */
export function wireModules(options: {
  readonly createDispute: CreateDisputeModule;
  readonly signer?: AttestationSigner;
}): WiredModules {
  const models = createModelKeeper();
  const runners = createRunnerKeeper();
  // Inference and dispute need each other; dispute is made second, and called only when blocks run.
  const lateDispute: DisputePort = {
    openClaim0: (ctx, claim) => dispute.port.openClaim0(ctx, claim),
    claimBond: (ctx, modelId) => dispute.port.claimBond(ctx, modelId),
    worstCaseMs: (ctx, job) => dispute.port.worstCaseMs(ctx, job),
  };
  const ports: InferencePorts = { models, runners, dispute: lateDispute, oracle: createOracleKeeper() };
  const inference = createInferenceKeeper(ports);
  const dispute = options.createDispute({ inference, bonds: runners });
  return {
    modules: [
      createAuthModule(),
      createBankModule({ blocked: Object.values(ACCOUNTS).map(moduleAccount) }),
      createModelModule({ models, runners }),
      createRunnerModule(),
      createInferenceModule(ports),
      dispute.module,
      createTeeModule(models),
      createOracleModule(inference),
    ],
    voteExtensions: createVoteExtensions(options.signer),
  };
}
