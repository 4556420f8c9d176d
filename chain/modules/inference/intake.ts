/** New requests: what is admitted, and how a request begins. Everything is checked before anything is written. */
import {
  inputRoot,
  inputsFromBytes,
  outputLength,
  type RegisteredModel,
  type Tensor,
} from "../../../aivm/index.ts";
import { bytesToHex, isAivmError } from "../../../common/index.ts";
import { TIER_EARLY, TIER_OPTIMISTIC_FINAL } from "../../../proto/evm.ts";
import { defaultSeed } from "../../../proto/hashes.ts";
import { ModelStatus, RequestStatus } from "../../../proto/index.ts";
import type { Context } from "../../context.ts";
import type { Model, Request } from "../ports.ts";
import { assign } from "./assign.ts";
import { inferenceError } from "./errors.ts";
import { emitOpened } from "./events.ts";
import { windowOf, worstCaseMs } from "./math.ts";
import { type InferencePorts, openToAllFrom } from "./ports.ts";
import { getParams, setInput, setRequest, takeSequence } from "./view.ts";

/** What is asked, wherever it comes from. */
export interface Job {
  readonly modelId: Uint8Array;
  readonly input: Uint8Array;
  /** 32 bytes, or empty; all zero and empty ask for the chain's. */
  readonly seed: Uint8Array;
  readonly maxTokens: number;
  /** Flags; 0 = OPTIMISTIC_FINAL. */
  readonly tier: number;
  /** 0 = the parameter. */
  readonly windowMs: bigint;
  /** 0 = as late as the chain allows. */
  readonly deadlineMs: bigint;
  /** The requester is on another chain. */
  readonly isRelayed: boolean;
  /** Longest output that the requester takes; 0 = any. */
  readonly maxOutput: number;
}

/** A job that the chain can do. */
export interface Admission {
  readonly model: Model;
  readonly inputs: readonly Tensor[];
  readonly tier: number;
  readonly windowMs: bigint;
  readonly deadlineMs: bigint;
}

/**
 * Judges a job. Writes nothing.
 * @throws inference/unknownModel, invalidModel, tier, inputTooLarge, inputLength, inputRange, outputTooLarge,
 * deadlineTooEarly, deadlineTooLate
 */
export function admit(ctx: Context, ports: InferencePorts, job: Job): Admission {
  const model = usableModel(ctx, ports, job.modelId);
  const program = ports.models.program(ctx, job.modelId);
  if (program === undefined) throw unknownModel(job.modelId);
  const tier = servedTier(job.tier);
  const inputs = inputsOf(ctx, program, job.input);
  assertOutputFits(ctx, program, job.maxOutput);
  const params = getParams(ctx);
  const windowMs = windowOf({ askedMs: job.windowMs, replayMs: model.replayMs }, params);
  const disputeMs = ports.dispute.worstCaseMs(ctx, { modelId: job.modelId, windowMs });
  const { isRelayed } = job;
  const earliest = ctx.timeMs + worstCaseMs({ replayMs: model.replayMs, disputeMs, isRelayed }, params);
  const latest = ctx.timeMs + params.maxOpenMs;
  // Another chain knows nothing of our limit: there the request simply expires earlier than it had to.
  const asked = isRelayed && job.deadlineMs > latest ? latest : job.deadlineMs;
  const deadlineMs = asked === 0n ? latest : asked;
  assertDeadline({ deadlineMs, earliest, latest });
  return { model, inputs, tier, windowMs, deadlineMs };
}

/** Who asks and what for, beside the job itself. */
export interface Asker {
  readonly id: Uint8Array;
  readonly requester: string;
  readonly origin: Request["origin"];
  readonly feeUaivm: bigint;
  readonly valueAtRiskUaivm: bigint;
  readonly eagerTrace: boolean;
}

/** Writes an admitted request and draws its runner. */
export function openRequest(
  ctx: Context,
  ports: InferencePorts,
  opening: { readonly job: Job; readonly asker: Asker; readonly admission: Admission },
): Request {
  const { job, asker, admission } = opening;
  const seed = job.seed.some((byte) => byte !== 0) ? job.seed : defaultSeed(asker.id, ctx.blockHash);
  const { inputs, tier, windowMs, deadlineMs } = admission;
  const { maxTokens } = job;
  const request: Request = {
    ...blankRequest(ctx, job, asker),
    inputRoot: inputRoot({ tensors: inputs, seed, maxTokens }),
    seed,
    tier,
    windowMs,
    deadlineMs,
    status: RequestStatus.REQUEST_STATUS_OPEN,
    openToAllHeight: openToAllFrom(ctx),
  };
  setInput(ctx, request.id, job.input);
  emitOpened(ctx, request);
  const assigned = assign(ctx, ports, request);
  setRequest(ctx, assigned);
  return assigned;
}

/** A request with nothing decided yet; takes a sequence number. */
export function blankRequest(ctx: Context, job: Job, asker: Asker): Request {
  return {
    ...asker,
    sequence: takeSequence(ctx),
    modelId: job.modelId,
    inputRoot: new Uint8Array(),
    seed: job.seed,
    maxTokens: job.maxTokens,
    tier: job.tier,
    windowMs: job.windowMs,
    deadlineMs: job.deadlineMs,
    status: RequestStatus.REQUEST_STATUS_UNSPECIFIED,
    openedHeight: ctx.height,
    assigned: "",
    openToAllHeight: 0n,
    reopened: 0,
    committer: "",
    commitment: new Uint8Array(),
    committedHeight: 0n,
    acceptedHeight: 0n,
    acceptedTimeMs: 0n,
    excluded: [],
    lockedUaivm: 0n,
    expiredReason: "",
  };
}

function usableModel(ctx: Context, ports: InferencePorts, modelId: Uint8Array): Model {
  const model = ports.models.model(ctx, modelId);
  if (model === undefined) throw unknownModel(modelId);
  if (model.status !== ModelStatus.MODEL_STATUS_INVALID) return model;
  throw inferenceError("invalidModel", {
    what: "model",
    want: "one that was not disproved",
    got: `${model.name}, which is INVALID`,
    remedy: "Ask another model.",
  });
}

function unknownModel(modelId: Uint8Array): Error {
  return inferenceError("unknownModel", {
    what: "model",
    item: bytesToHex(modelId),
    want: "the id of a registered model",
    got: "none under that id",
    remedy: "Check the id, or register the model first.",
  });
}

/** Only the default tier is served; it stands for EARLY too. */
function servedTier(asked: number): number {
  if ((asked & ~(TIER_OPTIMISTIC_FINAL | TIER_EARLY)) === 0) return TIER_OPTIMISTIC_FINAL;
  throw inferenceError("tier", {
    what: "tier",
    want: `flags among ${TIER_EARLY} (EARLY) and ${TIER_OPTIMISTIC_FINAL} (OPTIMISTIC_FINAL)`,
    got: `${asked}`,
    remedy: "Ask for OPTIMISTIC_FINAL, or leave the tier out.",
  });
}

function inputsOf(ctx: Context, program: RegisteredModel, input: Uint8Array): Tensor[] {
  const { maxInputBytes } = getParams(ctx);
  if (input.length > maxInputBytes) {
    throw inferenceError("inputTooLarge", {
      what: "input",
      want: `at most ${maxInputBytes} bytes`,
      got: `${input.length} bytes`,
      remedy: "Ask a model with smaller inputs.",
    });
  }
  try {
    return inputsFromBytes(program.program, input);
  } catch (error) {
    if (!isAivmError(error)) throw error;
    const code = error.code === "AIVM_INPUT_LENGTH" ? "inputLength" : "inputRange";
    throw inferenceError(code, error.facts);
  }
}

function assertOutputFits(ctx: Context, program: RegisteredModel, maxOutput: number): void {
  const { maxOutputBytes } = getParams(ctx);
  const most = maxOutput === 0 ? maxOutputBytes : Math.min(maxOutput, maxOutputBytes);
  const length = outputLength(program.program);
  if (length <= most) return;
  throw inferenceError("outputTooLarge", {
    what: "output of the model",
    want: `at most ${most} bytes`,
    got: `${length} bytes`,
    remedy: "Allow a longer output, or ask a model with a shorter one.",
  });
}

function assertDeadline(at: {
  readonly deadlineMs: bigint;
  readonly earliest: bigint;
  readonly latest: bigint;
}): void {
  const { deadlineMs, earliest, latest } = at;
  if (deadlineMs < earliest) {
    throw inferenceError("deadlineTooEarly", {
      what: "deadline",
      want: `at least ${earliest} (unix milliseconds): answer, window and the worst case of one challenge`,
      got: `${deadlineMs}`,
      remedy: "Allow more time, or leave the deadline out.",
    });
  }
  if (deadlineMs <= latest) return;
  throw inferenceError("deadlineTooLate", {
    what: "deadline",
    want: `at most ${latest} (unix milliseconds)`,
    got: `${deadlineMs}`,
    remedy: "Ask for an earlier deadline.",
  });
}
