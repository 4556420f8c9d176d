/** Messages of module dispute: each is one move of the game, carried out or refused as a whole. */
import { outputRoot, outputsFromBytes } from "../../../aivm/index.ts";
import { bytesToHex, isAivmError } from "../../../common/index.ts";
import {
  claimTimeout,
  createReferee,
  type Game,
  joinGame,
  type MoveContext,
  type Outcome,
  openNode,
  postTraceRoot,
  proveElement,
  revealJoin,
  type SlotOpening,
} from "../../../opml-dispute/index.ts";
import { joinCommitment, type Messages } from "../../../proto/index.ts";
import { addressBytes } from "../../address.ts";
import type { Context } from "../../context.ts";
import type { MessageHandler } from "../../module.ts";
import { ACCOUNTS, pay } from "../coins.ts";
import { txMessage } from "../messages.ts";
import { commitGame, type DisputePorts } from "./effects.ts";
import { disputeError, refusedMove } from "./errors.ts";
import { validateJoin, validateMatchMove, validateReveal, validateTraceRoot } from "./validate.ts";
import { getClock, getGame, requestOfMatch, setOutput } from "./view.ts";

type Message<N extends string> = Messages[`aivm.dispute.v1.${N}` & keyof Messages];

/** Gas per byte that a move makes the chain hash. */
const GAS_PER_BYTE = 10n;
/** Gas of recomputing one element, whatever it takes: a witness holds at most 16,384 operands. */
const GAS_PER_ELEMENT = 200_000n;

/** Handlers of the module. */
export function disputeMessages(ports: DisputePorts): MessageHandler[] {
  return [
    txMessage("aivm.dispute.v1.MsgJoin", {
      signer: (message) => message.challenger,
      validate: validateJoin,
      handle: (ctx, message) => join(ctx, ports, message),
    }),
    txMessage("aivm.dispute.v1.MsgRevealJoin", {
      signer: (message) => message.challenger,
      validate: validateReveal,
      handle: (ctx, message) => reveal(ctx, ports, message),
    }),
    txMessage("aivm.dispute.v1.MsgPostTraceRoot", {
      signer: (message) => message.signer,
      validate: validateTraceRoot,
      handle: (ctx, message) => traceRoot(ctx, ports, message),
    }),
    txMessage("aivm.dispute.v1.MsgOpenNode", {
      signer: (message) => message.sender,
      validate: validateMatchMove,
      handle: (ctx, message) => open(ctx, ports, message),
    }),
    txMessage("aivm.dispute.v1.MsgProveElement", {
      signer: (message) => message.sender,
      validate: validateMatchMove,
      handle: (ctx, message) => prove(ctx, ports, message),
    }),
    txMessage("aivm.dispute.v1.MsgTimeout", {
      signer: (message) => message.sender,
      validate: validateMatchMove,
      handle: (ctx, message) => timeout(ctx, ports, message),
    }),
  ];
}

function join(ctx: Context, ports: DisputePorts, message: Message<"MsgJoin">): Message<"MsgJoinResponse"> {
  const { challenger, commitment, requestId } = message;
  const game = existingGame(ctx, requestId);
  const feeUaivm = ports.inference.request(ctx, requestId)?.feeUaivm ?? 0n;
  const outcome = accepted(joinGame(game, { challenger, commitment, feeUaivm }, momentOf(ctx)));
  pay(ctx, { from: challenger, module: ACCOUNTS.dispute, amountUaivm: outcome.bondUaivm });
  commitGame(ctx, ports, { before: game, ...outcome });
  return {};
}

function reveal(
  ctx: Context,
  ports: DisputePorts,
  message: Message<"MsgRevealJoin">,
): Message<"MsgRevealJoinResponse"> {
  const { challenger, requestId, output, payee, salt } = message;
  const game = existingGame(ctx, requestId);
  const root = rootOfOutput(ctx, ports, { game, output });
  const signer = addressBytes(challenger);
  const commitment = joinCommitment({
    requestId,
    outputRoot: root,
    traceRoot: message.traceRoot,
    signer,
    salt,
  });
  const outcome = accepted(
    revealJoin(
      game,
      {
        challenger,
        payee,
        commitment,
        outputRoot: root,
        traceRoot: message.traceRoot,
        inputSlot: slotOf(message.inputSlot),
        outputSlot: slotOf(message.outputSlot),
      },
      momentOf(ctx),
    ),
  );
  if (outcome.claim >= game.claims.length) setOutput(ctx, { requestId, index: outcome.claim }, output);
  commitGame(ctx, ports, { before: game, ...outcome });
  return { claim: outcome.claim };
}

function traceRoot(
  ctx: Context,
  ports: DisputePorts,
  message: Message<"MsgPostTraceRoot">,
): Message<"MsgPostTraceRootResponse"> {
  const game = existingGame(ctx, message.requestId);
  chargeBytes(ctx, message.children);
  const inputSlot = slotOf(message.inputSlot);
  const outputSlot = slotOf(message.outputSlot);
  const outcome = accepted(
    postTraceRoot(game, { ...message, inputSlot, outputSlot }, moveContext(ctx, ports, game)),
  );
  commitGame(ctx, ports, { before: game, ...outcome });
  return {};
}

function open(
  ctx: Context,
  ports: DisputePorts,
  message: Message<"MsgOpenNode">,
): Message<"MsgOpenNodeResponse"> {
  const game = gameOfMatch(ctx, message.matchId);
  chargeBytes(ctx, [...message.children, ...message.nextChildren]);
  const outcome = accepted(openNode(game, message, moveContext(ctx, ports, game)));
  commitGame(ctx, ports, { before: game, ...outcome });
  return { applied: outcome.applied };
}

function prove(
  ctx: Context,
  ports: DisputePorts,
  message: Message<"MsgProveElement">,
): Message<"MsgProveElementResponse"> {
  const game = gameOfMatch(ctx, message.matchId);
  chargeBytes(ctx, [message.witness, ...message.slots.flatMap(({ path }) => path)]);
  ctx.gas.consume(GAS_PER_ELEMENT, "element");
  const outcome = accepted(proveElement(game, message, moveContext(ctx, ports, game)));
  commitGame(ctx, ports, { before: game, ...outcome });
  return { decided: outcome.applied };
}

function timeout(
  ctx: Context,
  ports: DisputePorts,
  message: Message<"MsgTimeout">,
): Message<"MsgTimeoutResponse"> {
  const game = gameOfMatch(ctx, message.matchId);
  const outcome = accepted(claimTimeout(game, message.matchId, momentOf(ctx)));
  commitGame(ctx, ports, { before: game, ...outcome });
  return { applied: outcome.applied };
}

/** The claim set of a request. @throws ChainError unknown dispute */
export function existingGame(ctx: Context, requestId: Uint8Array): Game {
  const game = getGame(ctx, requestId);
  if (game !== undefined) return game;
  throw disputeError("unknownDispute", {
    what: "claim set",
    item: bytesToHex(requestId),
    want: "a request that is ACCEPTED or DISPUTED",
    got: "none: unknown, or without a result so far",
    remedy: "Check the id, or wait until a result is accepted.",
  });
}

function gameOfMatch(ctx: Context, matchId: Uint8Array): Game {
  const requestId = requestOfMatch(ctx, matchId);
  if (requestId !== undefined) return existingGame(ctx, requestId);
  throw refusedMove({ code: "GAME_MATCH", at: "no such match" });
}

function momentOf(ctx: Context): MoveContext["moment"] {
  return { nowMs: getClock(ctx).nowMs, height: ctx.height };
}

function moveContext(ctx: Context, ports: DisputePorts, game: Game): MoveContext {
  const { modelId, inputRoot } = game.dispute;
  const model = ports.inference.program(ctx, modelId);
  if (model === undefined) throw refusedMove({ code: "GAME_MATCH", at: "the model is gone" });
  const referee = createReferee({ program: model.program, weightsRoot: model.weightsRoot, inputRoot });
  return { referee, moment: momentOf(ctx) };
}

/** The outcome of a legal move. @throws ChainError for a refused one; nothing has changed then */
function accepted<T extends object>(outcome: Outcome<T>): Extract<Outcome<T>, { readonly ok: true }> {
  if (!outcome.ok) throw refusedMove(outcome);
  return outcome as Extract<Outcome<T>, { readonly ok: true }>;
}

function rootOfOutput(
  ctx: Context,
  ports: DisputePorts,
  of: { readonly game: Game; readonly output: Uint8Array },
): Uint8Array {
  const model = ports.inference.program(ctx, of.game.dispute.modelId);
  if (model === undefined) throw refusedMove({ code: "GAME_MATCH", at: "the model is gone" });
  try {
    return outputRoot(outputsFromBytes(model.program, of.output));
  } catch (error) {
    if (isAivmError(error)) throw disputeError("output", error.facts);
    throw error;
  }
}

function slotOf(opening: SlotOpening | undefined): SlotOpening {
  return opening ?? { slot: 0, root: new Uint8Array(), path: [] };
}

function chargeBytes(ctx: Context, parts: readonly Uint8Array[]): void {
  const bytes = parts.reduce((sum, part) => sum + part.length, 0);
  ctx.gas.consume(GAS_PER_BYTE * BigInt(bytes), "opening");
}
