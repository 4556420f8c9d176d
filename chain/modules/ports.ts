/**
 * What modules need of each other. A module's keeper implements its port; nobody imports another module's internals.
 * `chain/modules/index.ts` wires them. Accounts are bech32 text, amounts uaivm, ids and roots 32 bytes.
 */
import type { RegisteredModel } from "../../aivm/index.ts";
import type { Messages } from "../../proto/index.ts";
import type { Context } from "../context.ts";
import type { Module } from "../module.ts";

/** A request as the chain records it. */
export type Request = Messages["aivm.inference.v1.Request"];

/** A model as the chain records it. */
export type Model = Messages["aivm.model.v1.Model"];

/** A runner as the chain records it. */
export type Runner = Messages["aivm.runner.v1.Runner"];

/** Claim 0 of a request: the result that its runner revealed. */
export interface OpeningClaim {
  readonly requestId: Uint8Array;
  readonly claimant: string;
  /** EVM address (20 bytes) for the work fee, or empty. */
  readonly payee: Uint8Array;
  readonly output: Uint8Array;
  /** Computed by the chain from `output`. */
  readonly outputRoot: Uint8Array;
  /** Already in the dispute module's account. */
  readonly bondUaivm: bigint;
  readonly windowMs: bigint;
  /** Present when the request asked for an eager trace and it came along. */
  readonly traceRoot?: Uint8Array;
}

/** What inference asks of dispute. Implemented by chain/modules/dispute/keeper.ts. */
export interface DisputePort {
  /** Opens the claim set of a request with claim 0. From here on dispute owns the finality of the request. */
  openClaim0(ctx: Context, claim: OpeningClaim): void;
  /** Bond of a claim on a result of this model (B of the game's rules); 0 for an unknown model. */
  claimBond(ctx: Context, modelId: Uint8Array): bigint;
  /** Most milliseconds from the acceptance of a result until it is final when one rival joins. */
  worstCaseMs(ctx: Context, job: { readonly modelId: Uint8Array; readonly windowMs: bigint }): bigint;
}

/** The claim that survived. */
export interface SurvivingClaim {
  readonly requestId: Uint8Array;
  /** Its author: the runner, or the challenger whose claim replaced the runner's. */
  readonly claimant: string;
  readonly payee: Uint8Array;
  readonly output: Uint8Array;
  readonly outputRoot: Uint8Array;
  /** Present when one was posted. */
  readonly traceRoot?: Uint8Array;
}

/**
 * What became of a survivor. FINAL: paid and recorded. EXPIRED: the deadline had passed, the fee went back; the
 * survivor gets its bond all the same. WAIT: the model is not ACTIVE, so nothing may become final now; dispute keeps
 * the claim set as it is and asks again in a later block.
 */
export type FinalizeOutcome = "FINAL" | "EXPIRED" | "WAIT";

/** What dispute asks of inference. Implemented by chain/modules/inference/keeper.ts. */
export interface InferencePort {
  request(ctx: Context, requestId: Uint8Array): Request | undefined;
  /** The parsed program, for the referee and for sizes; the same object as long as the process keeps it. */
  program(ctx: Context, modelId: Uint8Array): RegisteredModel | undefined;
  /** The chain's record of the model: replay time, fee, status. */
  model(ctx: Context, modelId: Uint8Array): Model | undefined;
  setStatus(ctx: Context, requestId: Uint8Array, status: "ACCEPTED" | "DISPUTED"): void;
  /** Exactly one output survived and its window is over: pays the fee, writes the result, emits `result_final`. */
  finalize(ctx: Context, survivor: SurvivingClaim): FinalizeOutcome;
  /** No survivor: reopens the request (at most `max_reopened` times), otherwise expires it with a refund. */
  void(ctx: Context, requestId: Uint8Array): void;
}

/** What dispute asks of runner about claim 0's bond. Both do nothing for an account that is no registered runner. */
export interface BondPort {
  /** Moves exactly the bond that `openClaim0` brought from the dispute account back to the runner's bond. */
  returnClaimBond(ctx: Context, bond: { readonly operator: string; readonly amountUaivm: bigint }): void;
  /**
   * A runner lost a dispute. `claimBondUaivm` is the bond of claim 0 that it forfeited (dispute burns and shares out
   * the coins), 0 when what it lost was a challenger's bond. Jails it when too little is left.
   */
  countLostDispute(ctx: Context, loss: { readonly operator: string; readonly claimBondUaivm: bigint }): void;
}

/** What chain/modules/dispute/module.ts exports as `createDisputeModule`. */
export type CreateDisputeModule = (ports: {
  readonly inference: InferencePort;
  readonly bonds: BondPort;
}) => { readonly module: Module; readonly port: DisputePort };

/** What inference, model and tee ask of runner. */
export interface RunnerPort extends BondPort {
  runner(ctx: Context, operator: string): Runner | undefined;
  /** Bond that stands behind nothing yet: what may still be locked. 0 when jailed or unknown. */
  freeBond(ctx: Context, operator: string): bigint;
  /** Sets part of the bond aside for a job. @throws runner insufficient bond, jailed, unknown */
  lockBond(ctx: Context, lock: BondAmount): void;
  /** Gives a job's lock back, less `burnUaivm` of it, which is burned. */
  releaseBond(ctx: Context, release: BondAmount & { readonly burnUaivm: bigint }): void;
  /** Moves a job's lock to the dispute module's account: it is claim 0's bond now. */
  moveToDispute(ctx: Context, bond: BondAmount): void;
  /** A job of the runner became final. Nothing for an account that is no runner. */
  countFinalJob(ctx: Context, operator: string): void;
}

/** A part of a runner's bond. */
export interface BondAmount {
  readonly operator: string;
  readonly amountUaivm: bigint;
}

/** What inference and tee ask of model. */
export interface ModelPort {
  model(ctx: Context, modelId: Uint8Array): Model | undefined;
  /** The parsed program; undefined for an unknown model. */
  program(ctx: Context, modelId: Uint8Array): RegisteredModel | undefined;
  /** True when the runner opened its drawn chunk in the model's present epoch. */
  hasProved(ctx: Context, at: { readonly modelId: Uint8Array; readonly runner: string }): boolean;
  /** Runners that have, in address order. */
  provedRunners(ctx: Context, modelId: Uint8Array): readonly string[];
}

/** What inference tells oracle when a request from an EVM chain ends. */
export interface OracleRecord {
  /** `origin` is set. */
  readonly request: Request;
  /** Absent = EXPIRED. */
  readonly result?: {
    readonly output: Uint8Array;
    readonly outputRoot: Uint8Array;
    /** 20 bytes, or empty for none. */
    readonly payee: Uint8Array;
    readonly tier: number;
  };
}

/** What inference asks of oracle. */
export interface OraclePort {
  /** Adds a leaf to the results tree of the block that is being executed. */
  record(ctx: Context, record: OracleRecord): void;
}

/** A request that enough observers have seen on an EVM chain. */
export interface EvmRequestFacts {
  readonly evmChainId: bigint;
  /** 20 bytes. */
  readonly oracle: Uint8Array;
  readonly evmRequestId: Uint8Array;
  readonly requestHash: Uint8Array;
  readonly modelId: Uint8Array;
  readonly input: Uint8Array;
  readonly tier: number;
  readonly windowMs: bigint;
  readonly evmDeadlineS: bigint;
  /** Longest output that the requester takes; 0 = any. */
  readonly maxOutput: number;
}

/** What oracle asks of inference. */
export interface IntakePort {
  request(ctx: Context, requestId: Uint8Array): Request | undefined;
  /** The recorded output bytes of a request, or undefined. */
  output(ctx: Context, requestId: Uint8Array): Uint8Array | undefined;
  /**
   * Opens the request. One that the chain can not take (unknown model, wrong input, too little time) is recorded as
   * EXPIRED at once, so that its contract refunds without waiting.
   */
  openFromEvm(ctx: Context, facts: EvmRequestFacts): Request;
}
