/** The ports of the honest player over the sdk: how it sees a dispute, what its own run is, how it sends a move. */
import {
  type AgentPorts,
  createReferee,
  createTraceProvider,
  type DisputeView,
  type GameAction,
  type Player,
  viewOf,
} from "../../opml-dispute/index.ts";
import type { Messages } from "../../proto/index.ts";
import {
  addressToBytes,
  claimTimeout,
  getDispute,
  openNode,
  postTraceRoot,
  proveElement,
  revealJoin,
  type TxResult,
} from "../../sdk/index.ts";
import type { ActionPool } from "../core/actionPool.ts";
import type { RunnerContext } from "./context.ts";
import type { Runs } from "./runs.ts";

type Request = Messages["aivm.inference.v1.Request"];

/** Ports for one dispute. Moves are sent in the background, each once per state of the chain. */
export function disputePorts(
  context: RunnerContext,
  parts: {
    readonly request: Request;
    readonly runs: Runs;
    readonly pool: ActionPool;
    /** What the chain showed: the moves are decided on this. */
    readonly view: DisputeView;
  },
): AgentPorts {
  const { request, runs, pool, view } = parts;
  return {
    readView: async () => view,
    ownPlayer: () => ownPlayer(context, { request, runs, view }),
    send: async (action) => {
      pool.start({
        key: action.key,
        height: view.moment.height,
        run: async () => {
          const tx = await sendMove(context, action);
          const fields = { move: action.key, tx: tx.hash, height: String(tx.height), bytes: tx.bytes.length };
          context.log.info(fields, `dispute: ${action.kind}`);
          return tx.height;
        },
      });
    },
  };
}

/** The dispute of a request as the chain shows it, or undefined while nobody has answered. @throws SDK_UNREACHABLE */
export async function readView(
  context: RunnerContext,
  requestId: Uint8Array,
): Promise<DisputeView | undefined> {
  const answer = await getDispute(context.client, requestId);
  return answer === undefined ? undefined : viewOf(answer);
}

/** True when this account has a claim in the dispute, or a join that waits for its reveal. */
export function isInvolved(view: DisputeView, address: string): boolean {
  const { claims, joins } = view.game;
  return (
    joins.some(({ challenger }) => challenger === address) ||
    claims.some(({ members }) => members.some((member) => member.address === address))
  );
}

/** A challenger stands for the second engine's run, the author of claim 0 for the run that he answered with. */
async function ownPlayer(
  context: RunnerContext,
  parts: { readonly request: Request; readonly runs: Runs; readonly view: DisputeView },
): Promise<Player> {
  const { request, runs, view } = parts;
  const { address } = context.signer;
  const kept = await context.kept.get("join", request.id);
  const isAuthor = view.game.claims[0]?.members[0]?.address === address;
  const { job, trace } = await (isAuthor ? runs.answerTrace(request) : runs.confirmTrace(request));
  const { program, weightsRoot } = job.model;
  return {
    address,
    addressBytes: addressToBytes(address),
    referee: createReferee({ program, weightsRoot, inputRoot: view.game.dispute.inputRoot }),
    trace: createTraceProvider({ trace, model: job.model }),
    ...(kept === undefined ? {} : { join: { salt: kept.salt, output: kept.output, payee: context.payee } }),
  };
}

async function sendMove(context: RunnerContext, action: GameAction): Promise<TxResult> {
  const { client, signer } = context;
  switch (action.kind) {
    case "revealJoin":
      return (await revealJoin(client, { signer, claim: action.value })).tx;
    case "postTraceRoot":
      return (await postTraceRoot(client, { signer, move: action.value })).tx;
    case "openNode":
      return (await openNode(client, { signer, move: action.value })).tx;
    case "proveElement":
      return (await proveElement(client, { signer, move: action.value })).tx;
    case "timeout":
      return (await claimTimeout(client, { signer, matchId: action.value.matchId })).tx;
  }
}
