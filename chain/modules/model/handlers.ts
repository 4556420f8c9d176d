/** Messages of module model. */
import { verifyPath } from "../../../common/index.ts";
import { leafDraw } from "../../../proto/hashes.ts";
import { encodeMessage, type Messages, ModelStatus } from "../../../proto/index.ts";
import { addressBytes } from "../../address.ts";
import type { Context } from "../../context.ts";
import type { MessageHandler } from "../../module.ts";
import { ACCOUNTS, pay } from "../coins.ts";
import { txMessage } from "../messages.ts";
import type { Model, ModelPort, RunnerPort } from "../ports.ts";
import { modelError, unknownModel } from "./errors.ts";
import { emitProved, emitRegistered, emitServing } from "./events.ts";
import { drawnChunk, epochAt, replayMsOf } from "./math.ts";
import { parseProgram } from "./registration.ts";
import { validateRegister, validateServing } from "./validate.ts";
import { getModel, getParams, getServing, type Serving, setModel, setProgram, setServing } from "./view.ts";

/** What the handlers need. */
export interface ModelPorts {
  readonly models: ModelPort;
  readonly runners: RunnerPort;
}

/** Gas per byte of a program that is parsed and checked. */
const GAS_PER_PROGRAM_BYTE = 10n;

/** Handlers of the module. */
export function modelMessages(ports: ModelPorts): MessageHandler[] {
  return [
    txMessage("aivm.model.v1.MsgRegisterModel", {
      signer: (message) => message.registrar,
      validate: validateRegister,
      handle: registerModel,
    }),
    txMessage("aivm.model.v1.MsgServeModel", {
      signer: (message) => message.runner,
      validate: validateServing,
      handle: (ctx, message) => serveModel(ctx, ports, message),
    }),
    txMessage("aivm.model.v1.MsgProveModel", {
      signer: (message) => message.runner,
      validate: validateServing,
      handle: (ctx, message) => proveModel(ctx, ports, message),
    }),
  ];
}

function registerModel(
  ctx: Context,
  message: Messages["aivm.model.v1.MsgRegisterModel"],
): Messages["aivm.model.v1.MsgRegisterModelResponse"] {
  const { registrar, royaltyBps, feeUaivm, bondUaivm } = message;
  const program = message.program ?? { descriptors: [], constants: [], meta: new Uint8Array() };
  const params = getParams(ctx);
  assertSize(ctx, program, params.maxProgramBytes);
  assertTerms(message, params);
  const parsed = parseProgram(program);
  const { modelId, vmGas, weightsRoot } = parsed;
  const artifactBytes = BigInt(parsed.artifactBytes);
  assertArtifactLength(message.artifactBytes, artifactBytes);
  if (getModel(ctx, modelId) !== undefined) {
    throw modelError("alreadyRegistered", {
      what: "model",
      want: "one that is not registered yet",
      got: `${parsed.program.name}, which is registered under this id`,
      remedy: "Use it as it is: the same program and weights have one id.",
    });
  }
  pay(ctx, { from: registrar, module: ACCOUNTS.model, amountUaivm: bondUaivm });
  const model: Model = {
    modelId,
    registrar,
    status: ModelStatus.MODEL_STATUS_REGISTERED,
    registeredHeight: ctx.height,
    vmGas,
    artifactBytes,
    replayMs: replayMsOf({ vmGas, artifactBytes }, params),
    royaltyBps,
    feeUaivm,
    bondUaivm,
    weightsRoot,
    epoch: epochAt(ctx.height, params.epochBlocks),
    attesters: [],
    name: parsed.program.name,
  };
  setProgram(ctx, modelId, program);
  setModel(ctx, model);
  emitRegistered(ctx, model);
  return { modelId };
}

function assertSize(ctx: Context, program: Messages["aivm.model.v1.RegisteredProgram"], most: bigint): void {
  const size = BigInt(encodeMessage("aivm.model.v1.RegisteredProgram", program).length);
  ctx.gas.consume(size * GAS_PER_PROGRAM_BYTE, "program");
  if (size <= most) return;
  throw modelError("programTooLarge", {
    what: "program",
    want: `at most ${most} bytes`,
    got: `${size} bytes`,
    remedy: "Compile the model into fewer ops, or shorten its card.",
  });
}

function assertTerms(
  terms: { readonly bondUaivm: bigint; readonly royaltyBps: number },
  params: { readonly minBondUaivm: bigint; readonly maxRoyaltyBps: number },
): void {
  if (terms.bondUaivm < params.minBondUaivm) {
    throw modelError("bondTooSmall", {
      what: "bond of the model",
      want: `at least ${params.minBondUaivm}uaivm`,
      got: `${terms.bondUaivm}uaivm`,
      remedy: "Register with a larger bond.",
    });
  }
  if (terms.royaltyBps <= params.maxRoyaltyBps) return;
  throw modelError("royaltyTooLarge", {
    what: "royalty",
    want: `at most ${params.maxRoyaltyBps} basis points`,
    got: `${terms.royaltyBps}`,
    remedy: "Ask for a smaller share of the fee.",
  });
}

function assertArtifactLength(declared: bigint, computed: bigint): void {
  if (declared === computed) return;
  throw modelError("artifactLength", {
    what: "artifact length",
    want: `${computed} bytes, which follows from the program`,
    got: `${declared} bytes`,
    remedy: "Send the length of the artifact file that the compiler wrote.",
  });
}

function serveModel(
  ctx: Context,
  ports: ModelPorts,
  message: Messages["aivm.model.v1.MsgServeModel"],
): Messages["aivm.model.v1.MsgServeModelResponse"] {
  const { modelId, runner } = message;
  const model = usableModel(ctx, modelId);
  assertBonded(ctx, ports, runner);
  const before = getServing(ctx, message);
  // One draw per epoch: a runner with a part of the weights must not draw until it hits what it has.
  if (before !== undefined && (before.draw.length > 0 || before.provedEpoch === model.epoch)) {
    throw modelError("alreadyServing", {
      what: "declaration",
      want: "one per model and epoch",
      got: before.draw.length > 0 ? "a drawn chunk that waits to be opened" : "a proof of this epoch",
      remedy: "Open the drawn chunk with MsgProveModel, or wait for the next epoch.",
    });
  }
  setServing(ctx, {
    runner,
    modelId,
    declaredHeight: ctx.height,
    provedEpoch: before?.provedEpoch ?? 0n,
    draw: leafDraw({ modelId, runner: addressBytes(runner), blockHash: ctx.blockHash }),
  });
  emitServing(ctx, message);
  return {};
}

function proveModel(
  ctx: Context,
  ports: ModelPorts,
  message: Messages["aivm.model.v1.MsgProveModel"],
): Messages["aivm.model.v1.MsgProveModelResponse"] {
  const { modelId, runner } = message;
  const model = usableModel(ctx, modelId);
  assertBonded(ctx, ports, runner);
  const serving = getServing(ctx, message);
  if (serving === undefined || serving.draw.length === 0) {
    throw modelError("notServing", {
      what: "proof",
      want: "an answer to a drawn chunk",
      got: serving === undefined ? "no declaration of this runner" : "a chunk that is answered already",
      remedy: "Declare with MsgServeModel first.",
    });
  }
  assertChunk(ctx, ports, { serving, message });
  setServing(ctx, { ...serving, provedEpoch: model.epoch, draw: new Uint8Array() });
  return { active: countAttester(ctx, model, runner) };
}

/** Counts the proof towards activity, unless it is the registrar's own. True when the model is ACTIVE then. */
function countAttester(ctx: Context, model: Model, runner: string): boolean {
  const counts = runner !== model.registrar && !model.attesters.includes(runner);
  const attesters = counts ? [...model.attesters, runner] : model.attesters;
  const active = attesters.length >= getParams(ctx).attestersRequired;
  const { MODEL_STATUS_ACTIVE, MODEL_STATUS_REGISTERED } = ModelStatus;
  const becameActive = active && model.status === MODEL_STATUS_REGISTERED;
  setModel(ctx, { ...model, attesters, status: active ? MODEL_STATUS_ACTIVE : model.status });
  emitProved(ctx, { model, runner, becameActive });
  return active;
}

function assertChunk(
  ctx: Context,
  ports: ModelPorts,
  proof: { readonly serving: Serving; readonly message: Messages["aivm.model.v1.MsgProveModel"] },
): void {
  const { modelId, chunk, path } = proof.message;
  const program = ports.models.program(ctx, modelId);
  if (program === undefined) throw unknownModel(modelId);
  const at = drawnChunk(
    proof.serving.draw,
    program.program.constants.map(({ shape }) => shape),
  );
  // A model without weights has nothing to show: its program is on the chain.
  if (at === undefined) return;
  const root = program.constantRoots[at.constant] ?? new Uint8Array();
  if (verifyPath({ root, item: chunk, index: at.chunk, itemCount: at.chunks, path })) return;
  throw modelError("wrongChunk", {
    what: "weight chunk",
    item: `constant ${at.constant}, chunk ${at.chunk}`,
    want: "the bytes and path that lead to the constant's root",
    got: `${chunk.length} bytes with a path of ${path.length} that lead elsewhere`,
    remedy: "Open the chunk that Query/Serving names, from the artifact of this model.",
  });
}

function usableModel(ctx: Context, modelId: Uint8Array): Model {
  const model = getModel(ctx, modelId);
  if (model === undefined) throw unknownModel(modelId);
  if (model.status !== ModelStatus.MODEL_STATUS_INVALID) return model;
  throw modelError("invalidModel", {
    what: "model",
    want: "one that was not disproved",
    got: `${model.name}, which is INVALID`,
    remedy: "Serve another model.",
  });
}

function assertBonded(ctx: Context, ports: ModelPorts, runner: string): void {
  const found = ports.runners.runner(ctx, runner);
  if (found !== undefined && !found.jailed) return;
  throw modelError("notARunner", {
    what: "runner",
    item: runner,
    want: "a registered runner with at least the minimum bond",
    got: found === undefined ? "no runner" : "a jailed runner",
    remedy: found === undefined ? "Register with MsgRegisterRunner first." : "Add bond with MsgAddBond.",
  });
}
