/** A world with a model that runs, and the steps that tests take again and again. */
import { outputRoot, outputsFromBytes, tensorChunks } from "../../../../aivm/index.ts";
import type { DevnetGenesis } from "../../../../chain/modules/devnetGenesis.ts";
import type { Request } from "../../../../chain/modules/ports.ts";
import { buildTree, treePath } from "../../../../common/index.ts";
import { type Messages, RequestStatus, resultCommitment } from "../../../../proto/index.ts";
import { registrationToProgram } from "../../../../sdk/registration.ts";
import { tinyModel } from "../../../node-runner/support/tinyModel.ts";
import { type GameHand, windowGame } from "./windowGame.ts";
import { addressBytesOf, addressOf, createWorld, type World } from "./world.ts";

export const MODEL: ReturnType<typeof tinyModel> = tinyModel();
export const MODEL_ID: Uint8Array = MODEL.modelId;
export const INPUT: Uint8Array = Uint8Array.from({ length: 16 }, (_, i) => i);
export const OUTPUT: Uint8Array = Uint8Array.of(1, 0, 2, 0, 3, 0, 4, 0);
export const SALT: Uint8Array = new Uint8Array(32).fill(7);
export const CLAIM_BOND = 400_000n;
export const MODEL_FEE = 10_000n;
export const ROYALTY_BPS = 500;
export const RUNNER_BOND = 2_000_000n;
export const PAYEE: Uint8Array = new Uint8Array(20).fill(0xee);

const PEOPLE = [
  "registrar",
  "r1",
  "r2",
  "r3",
  "r4",
  "user",
  "observer1",
  "observer2",
  "observer3",
  "observer4",
];

/** The world and its game. */
export interface Market extends World {
  readonly game: GameHand;
}

/** A chain without a model. */
export function emptyMarket(genesis: Partial<DevnetGenesis> = {}): Market {
  const game = windowGame(CLAIM_BOND);
  const world = createWorld({
    genesis: { attesters: [], ...genesis },
    accounts: PEOPLE,
    createDispute: game.create,
  });
  return { ...world, game };
}

/** A chain with a registered model and these runners, who have all proved to hold its weights. */
export function openMarket(
  options: {
    readonly runners?: readonly string[];
    readonly bondUaivm?: bigint;
    readonly genesis?: Partial<DevnetGenesis>;
  } = {},
): Market {
  const market = emptyMarket(options.genesis);
  registerModel(market);
  for (const runner of options.runners ?? ["r1"]) {
    registerRunner(market, runner, options.bondUaivm);
    proveWeights(market, runner);
  }
  return market;
}

/** Registers the model by the registrar; `change` may spoil the message. */
export function registerModel(
  world: World,
  change: Partial<Messages["aivm.model.v1.MsgRegisterModel"]> = {},
): Uint8Array {
  return world.tx("aivm.model.v1.MsgRegisterModel", {
    registrar: addressOf("registrar"),
    program: registrationToProgram(MODEL.registration),
    artifactBytes: BigInt(MODEL.artifactBytes),
    royaltyBps: ROYALTY_BPS,
    feeUaivm: MODEL_FEE,
    bondUaivm: 1_000_000n,
    ...change,
  }).modelId;
}

/** Registers a runner. */
export function registerRunner(world: World, name: string, bondUaivm: bigint = RUNNER_BOND): void {
  world.tx("aivm.runner.v1.MsgRegisterRunner", {
    operator: addressOf(name),
    payee: PAYEE,
    bondUaivm,
    endpoint: `http://127.0.0.1/${name}`,
  });
}

/** Declares, and opens the chunk that was drawn. */
export function proveWeights(world: World, name: string): boolean {
  const runner = addressOf(name);
  world.tx("aivm.model.v1.MsgServeModel", { runner, modelId: MODEL_ID });
  return world.tx("aivm.model.v1.MsgProveModel", { runner, modelId: MODEL_ID, ...drawnOpening(world, name) })
    .active;
}

/** The opening that Query/Serving asks for. */
export function drawnOpening(
  world: World,
  name: string,
): { readonly chunk: Uint8Array; readonly path: readonly Uint8Array[] } {
  const { constant, chunk: index } = world.query("model", "Serving", {
    modelId: MODEL_ID,
    runner: addressOf(name),
  });
  const tensor = MODEL.constants[constant];
  if (tensor === undefined) throw new Error("no such constant");
  const chunks = tensorChunks(tensor);
  return { chunk: chunks[index] ?? new Uint8Array(), path: treePath(buildTree(chunks), index) };
}

/** Asks; `change` may spoil the message. */
export function ask(
  world: World,
  change: Partial<Messages["aivm.inference.v1.MsgRequestInference"]> = {},
): Uint8Array {
  return world.tx("aivm.inference.v1.MsgRequestInference", {
    requester: addressOf("user"),
    modelId: MODEL_ID,
    input: INPUT,
    feeUaivm: MODEL_FEE,
    ...change,
  }).requestId;
}

/** Commitment to an output, as a runner makes it. */
export function commitmentOf(requestId: Uint8Array, name: string, output: Uint8Array = OUTPUT): Uint8Array {
  const root = outputRoot(outputsFromBytes(MODEL.program, output));
  return resultCommitment({ requestId, runner: addressBytesOf(name), salt: SALT, outputRoot: root });
}

/** Commits. */
export function commit(world: World, requestId: Uint8Array, name: string, output: Uint8Array = OUTPUT): void {
  world.tx("aivm.inference.v1.MsgCommitResult", {
    runner: addressOf(name),
    requestId,
    commitment: commitmentOf(requestId, name, output),
  });
}

/** Reveals; `change` may spoil the message. */
export function reveal(
  world: World,
  requestId: Uint8Array,
  name: string,
  change: Partial<Messages["aivm.inference.v1.MsgRevealResult"]> = {},
): Uint8Array {
  const runner = addressOf(name);
  return world.tx("aivm.inference.v1.MsgRevealResult", {
    runner,
    requestId,
    salt: SALT,
    output: OUTPUT,
    ...change,
  }).outputRoot;
}

/** Commits, and reveals in the next block. */
export function answer(world: World, requestId: Uint8Array, name: string, output: Uint8Array = OUTPUT): void {
  commit(world, requestId, name, output);
  world.nextBlock();
  reveal(world, requestId, name, { output });
}

/** The request as the chain has it. */
export function requestOf(world: World, requestId: Uint8Array): Request {
  const { request } = world.query("inference", "Request", { requestId });
  if (request === undefined) throw new Error("no request");
  return request;
}

/** Its status in words. */
export function statusOf(world: World, requestId: Uint8Array): string {
  const { status } = requestOf(world, requestId);
  const entry = Object.entries(RequestStatus).find(([, value]) => value === status);
  return (entry?.[0] ?? "").replace("REQUEST_STATUS_", "");
}

/** A runner as the chain has it. */
export function runnerOf(world: World, name: string): Messages["aivm.runner.v1.Runner"] {
  const { runner } = world.query("runner", "Runner", { operator: addressOf(name) });
  if (runner === undefined) throw new Error("no runner");
  return runner;
}
