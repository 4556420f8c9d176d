/**
 * A module that stands where dispute stands, for tests of its neighbours: claim 0 of each request, final when its window
 * is over; and by hand what a game would do. It holds claim bonds as dispute does, so that money can be counted.
 */

import type { Context } from "../../../../chain/context.ts";
import { ACCOUNTS, burn } from "../../../../chain/modules/coins.ts";
import type {
  BondPort,
  CreateDisputeModule,
  InferencePort,
  OpeningClaim,
  SurvivingClaim,
} from "../../../../chain/modules/ports.ts";
import { bytesToHex } from "../../../../common/index.ts";

/** A claim that waits for its window. */
export interface Waiting {
  readonly claim: OpeningClaim;
  readonly finalAtMs: bigint;
}

/** What a game may decide, by hand. */
export interface GameHand {
  readonly create: CreateDisputeModule;
  waiting(): readonly Waiting[];
  /** Claim 0 lost and nobody else claimed anything: its bond is burned, the request is void. */
  loseAll(ctx: Context, requestId: Uint8Array): void;
  /** Claim 0 lost to this challenger, whose claim becomes final when the window is over. */
  loseTo(ctx: Context, requestId: Uint8Array, winner: Partial<SurvivingClaim>): void;
  inference(): InferencePort;
  bonds(): BondPort;
}

/** A game with this bond for every claim. */
export function windowGame(claimBondUaivm: bigint): GameHand {
  const waiting = new Map<string, Waiting>();
  let ports: { readonly inference: InferencePort; readonly bonds: BondPort } | undefined;
  const wired = () => {
    if (ports === undefined) throw new Error("not wired");
    return ports;
  };
  const lose = (ctx: Context, requestId: Uint8Array): Waiting => {
    const found = waiting.get(bytesToHex(requestId));
    if (found === undefined) throw new Error("no claim waits");
    const { claimant: operator, bondUaivm } = found.claim;
    burn(ctx, { module: ACCOUNTS.dispute, amountUaivm: bondUaivm });
    wired().bonds.countLostDispute(ctx, { operator, claimBondUaivm: bondUaivm });
    waiting.delete(bytesToHex(requestId));
    return found;
  };
  return {
    create: (given) => {
      ports = given;
      return {
        module: {
          name: "dispute",
          stores: ["dispute"],
          messages: [],
          queries: [],
          endBlock: (ctx) => endBlock(ctx, waiting, wired()),
        },
        port: {
          claimBond: () => claimBondUaivm,
          worstCaseMs: (_ctx, { windowMs }) => 2n * windowMs + 40_000n,
          openClaim0: (ctx, claim) => {
            const finalAtMs = ctx.timeMs + claim.windowMs;
            waiting.set(bytesToHex(claim.requestId), { claim, finalAtMs });
          },
        },
      };
    },
    waiting: () => [...waiting.values()],
    loseAll: (ctx, requestId) => {
      lose(ctx, requestId);
      wired().inference.void(ctx, requestId);
    },
    loseTo: (ctx, requestId, winner) => {
      const { claim, finalAtMs } = lose(ctx, requestId);
      wired().inference.setStatus(ctx, requestId, "DISPUTED");
      waiting.set(bytesToHex(requestId), { claim: { ...claim, ...winner, bondUaivm: 0n }, finalAtMs });
    },
    inference: () => wired().inference,
    bonds: () => wired().bonds,
  };
}

function endBlock(
  ctx: Context,
  waiting: Map<string, Waiting>,
  ports: { readonly inference: InferencePort; readonly bonds: BondPort },
): void {
  for (const [key, { claim, finalAtMs }] of waiting) {
    if (ctx.timeMs < finalAtMs || ports.inference.finalize(ctx, claim) === "WAIT") continue;
    ports.bonds.returnClaimBond(ctx, { operator: claim.claimant, amountUaivm: claim.bondUaivm });
    waiting.delete(key);
  }
}
