/** A world with the real game: an executor that answers truly or falsely, and players that decide from the query alone. */
import {
  buildTrace,
  createReferenceEngine,
  inputsFromBytes,
  outputRoot,
  outputsFromBytes,
  type Tensor,
  type Trace,
  tensorsToBytes,
} from "../../../../aivm/index.ts";
import type { DevnetGenesis } from "../../../../chain/modules/devnetGenesis.ts";
import { createDisputeModule } from "../../../../chain/modules/dispute/module.ts";
import type { Request } from "../../../../chain/modules/ports.ts";
import { sha256, utf8 } from "../../../../common/index.ts";
import {
  createReferee,
  createTraceProvider,
  type DisputeView,
  decideMoves,
  type GameAction,
  type Player,
  viewOf,
} from "../../../../opml-dispute/index.ts";
import { joinCommitment } from "../../../../proto/index.ts";
import {
  answer,
  ask,
  INPUT,
  MODEL,
  proveWeights,
  registerModel,
  registerRunner,
  requestOf,
} from "./market.ts";
import { addressBytesOf, addressOf, createWorld, type World } from "./world.ts";

export const PEOPLE: readonly string[] = [
  "registrar",
  "r1",
  "r2",
  "user",
  "watcher",
  "watcher2",
  "rival",
  "stranger",
];

/** A change of one element of one op, computed onward. */
export interface Lie {
  readonly op: number;
  readonly element: number;
  readonly by: number;
}

/** A run of a request, true or not. */
export interface Run {
  readonly trace: Trace;
  readonly output: Uint8Array;
}

/** A world with an active model and runners that serve it. */
export function createDisputeWorld(
  options: { readonly runners?: readonly string[]; readonly genesis?: Partial<DevnetGenesis> } = {},
): World {
  const genesis = { attesters: [], ...options.genesis };
  const world = createWorld({ genesis, accounts: PEOPLE, createDispute: createDisputeModule });
  registerModel(world);
  for (const runner of options.runners ?? ["r1"]) {
    registerRunner(world, runner, 100_000_000n);
    proveWeights(world, runner);
  }
  return world;
}

/** Runs a request as the reference engine does, with a lie if there is one. */
export async function runOf(request: Request, lie?: Lie): Promise<Run> {
  const engine = createReferenceEngine(MODEL, {
    afterOp: (op, output) => (lie !== undefined && op === lie.op ? changed(output, lie) : output),
  });
  const inputs = inputsFromBytes(MODEL.program, INPUT);
  const { outputs, ops = [] } = await engine.run({ inputs, keepOps: true });
  const { seed, maxTokens } = request;
  const trace = buildTrace({ program: MODEL.program, inputs, opOutputs: ops, seed, maxTokens });
  return { trace, output: tensorsToBytes(outputs) };
}

function changed(output: Tensor, lie: Lie): Tensor {
  const data = output.data.slice();
  data[lie.element] = (data[lie.element] ?? 0) + lie.by;
  return { ...output, data };
}

/** A request that `runner` has answered with this lie, or truly. */
export async function answered(
  world: World,
  runner = "r1",
  lie?: Lie,
): Promise<{ readonly requestId: Uint8Array; readonly run: Run; readonly truth: Run }> {
  const requestId = ask(world);
  const run = await answerAgain(world, requestId, { runner, ...(lie === undefined ? {} : { lie }) });
  return { requestId, run, truth: await runOf(requestOf(world, requestId)) };
}

/** Answers a request that is open. */
export async function answerAgain(
  world: World,
  requestId: Uint8Array,
  by: { readonly runner: string; readonly lie?: Lie },
): Promise<Run> {
  const run = await runOf(requestOf(world, requestId), by.lie);
  answer(world, requestId, by.runner, run.output);
  return run;
}

/** The dispute as a player sees it. */
export function seen(world: World, requestId: Uint8Array): DisputeView {
  const view = viewOf(world.query("dispute", "Dispute", { requestId }));
  if (view === undefined) throw new Error("no dispute");
  return view;
}

/** Salt of an account's join. */
export function joinSalt(name: string): Uint8Array {
  return sha256(utf8(`join ${name}`));
}

/** A player with a run. */
export function playerOf(
  world: World,
  requestId: Uint8Array,
  by: { readonly name: string; readonly run: Run },
): Player {
  const { program, weightsRoot } = MODEL;
  const { inputRoot } = requestOf(world, requestId);
  return {
    address: addressOf(by.name),
    addressBytes: addressBytesOf(by.name),
    referee: createReferee({ program, weightsRoot, inputRoot }),
    trace: createTraceProvider({ trace: by.run.trace, model: MODEL }),
    join: { salt: joinSalt(by.name), output: by.run.output, payee: new Uint8Array() },
  };
}

/** Commits an account to a run. */
export function join(
  world: World,
  requestId: Uint8Array,
  by: { readonly name: string; readonly run: Run },
): void {
  const commitment = joinCommitment({
    requestId,
    outputRoot: outputRoot(outputsFromBytes(MODEL.program, by.run.output)),
    traceRoot: by.run.trace.root,
    signer: addressBytesOf(by.name),
    salt: joinSalt(by.name),
  });
  world.tx("aivm.dispute.v1.MsgJoin", { challenger: addressOf(by.name), requestId, commitment });
}

/** What an account would send now. */
export function decide(
  world: World,
  requestId: Uint8Array,
  by: { readonly name: string; readonly run: Run },
): readonly GameAction[] {
  return decideMoves(seen(world, requestId), playerOf(world, requestId, by));
}

/** Sends one action as a transaction of this account. */
export function send(world: World, name: string, action: GameAction): unknown {
  const sender = addressOf(name);
  switch (action.kind) {
    case "revealJoin":
      return world.tx("aivm.dispute.v1.MsgRevealJoin", { challenger: sender, ...action.value });
    case "postTraceRoot":
      return world.tx("aivm.dispute.v1.MsgPostTraceRoot", { signer: sender, ...action.value });
    case "openNode":
      return world.tx("aivm.dispute.v1.MsgOpenNode", { sender, ...action.value });
    case "proveElement":
      return world.tx("aivm.dispute.v1.MsgProveElement", { sender, ...action.value });
    case "timeout":
      return world.tx("aivm.dispute.v1.MsgTimeout", { sender, ...action.value });
  }
}

/** Lets these accounts play block by block until `done`, at most `blocks` blocks. */
export function playUntil(
  world: World,
  requestId: Uint8Array,
  game: {
    readonly players: readonly { readonly name: string; readonly run: Run }[];
    readonly done: () => boolean;
    readonly blocks?: number;
  },
): void {
  const { players, done, blocks = 400 } = game;
  for (let block = 0; block < blocks && !done(); block++) {
    for (const by of players) for (const action of decide(world, requestId, by)) send(world, by.name, action);
    world.nextBlock();
  }
  if (!done()) throw new Error(`not done after ${blocks} blocks`);
}
