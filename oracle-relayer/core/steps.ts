/**
 * What each action does, over the ports. A step takes a job and returns it at its next stage; it may fail at any
 * point and be done again. Nothing is taken from memory that the chains themselves can tell.
 */
import { equalBytes } from "../../common/bytes.ts";
import type { ChainPort, Clock, EvmPort, Log, TxReceipt } from "../ports.ts";
import { STATUS_NONE, STATUS_PENDING } from "./abi.ts";
import { bumpedFees, type FeePolicy, firstFees } from "./fees.ts";
import { type Action, failed, moved } from "./lifecycle.ts";
import { nextNonce } from "./nonce.ts";
import { isSettling, judgeProof } from "./proof.ts";
import { dropped, type ScanPolicy } from "./scan.ts";
import type { Job, RelayerState, TxAttempt } from "./state.ts";

/** What a step can reach. */
export interface StepContext {
  readonly evm: EvmPort;
  readonly chain: ChainPort;
  readonly clock: Clock;
  readonly log: Log;
  readonly policy: RelayerPolicy;
  /** The whole state as it is now. */
  readonly state: () => RelayerState;
  /** Number of the EVM chain's latest block at this tick. */
  readonly headNumber: bigint;
  /** Makes the job durable before the step goes on. */
  readonly remember: (job: Job) => Promise<void>;
}

/** How the relayer behaves. */
export interface RelayerPolicy extends ScanPolicy, FeePolicy {
  /** Pause between two looks at the chains. */
  readonly pollMs: number;
  /** Pauses after failures in a row. */
  readonly retryMs: readonly number[];
}

type Step = (context: StepContext, job: Job) => Promise<Job>;

/** The step of each action. */
export const STEPS: Readonly<Record<Action, Step>> = { observe, fetchProof, send, track, settle, abandon };

/** Performs an action. A port that throws makes the job wait and try again from where it was. */
export async function perform(context: StepContext, action: Action, job: Job): Promise<Job> {
  try {
    return await STEPS[action](context, job);
  } catch (error) {
    return failure(context, job, job.stage, error instanceof Error ? error.message : String(error));
  }
}

async function observe({ evm, chain }: StepContext, job: Job): Promise<Job> {
  const { requestId } = await chain.observeRequest({
    ...job.log,
    evmChainId: evm.chainId,
    oracle: evm.oracle,
  });
  return moved(job, "OBSERVED", { chainRequestId: requestId });
}

async function fetchProof({ evm, chain }: StepContext, job: Job): Promise<Job> {
  if (job.chainRequestId === undefined) return moved(job, "SEEN");
  const proof = await chain.resultProof(job.chainRequestId);
  if (proof === undefined || !isSettling(proof)) return job;
  const verdict = judgeProof(proof, job.log, evm);
  // failures stay counted: a proof that the dry run refused comes back here, and its pauses have to grow
  if (verdict.ok) return { ...moved(job, "PROVEN", { proof }), failures: job.failures };
  return moved(job, "QUARANTINED", { reason: `the chain's proof does not fit the request: ${verdict.at}` });
}

async function send(context: StepContext, job: Job): Promise<Job> {
  const { evm, policy } = context;
  if (job.proof === undefined) return moved(job, "OBSERVED");
  const status = await evm.requestStatus(job.log.evmRequestId);
  if (isSettled(status)) return done(job, "settled already");
  const delivery = { request: job.log.request, proof: job.proof };
  const dryRun = await evm.simulateDelivery(delivery);
  if (!dryRun.ok) {
    if (dryRun.permanent) return moved(job, "QUARANTINED", { reason: dryRun.error });
    return failure(context, job, "OBSERVED", dryRun.error);
  }
  const fees = firstFees(await evm.suggestedFees(), policy);
  const nonce = nextNonce(context.state(), await evm.senderNonce());
  const signed = await evm.signDelivery({ delivery, nonce, fees, gas: dryRun.gas });
  const sent = moved(job, "SENT", { attempts: [{ ...signed, sentAtBlock: context.headNumber }] });
  await context.remember(sent); // before the node can know of it: a crash in between must not lose the nonce
  return broadcast(context, sent, signed.raw);
}

async function track(context: StepContext, job: Job): Promise<Job> {
  const { evm } = context;
  const newest = job.attempts.at(-1);
  if (newest === undefined) return moved(job, "PROVEN");
  const minedNonce = await evm.senderNonce(); // before the receipts: a transaction mined in between has one
  const receipt = await receiptOf(evm, job.attempts);
  if (receipt?.succeeded) return moved(job, "INCLUDED");
  if (receipt !== undefined || minedNonce > newest.nonce) {
    const status = await evm.requestStatus(job.log.evmRequestId);
    if (isSettled(status)) return done(job, "another relayer was faster");
    const reason =
      receipt === undefined ? "its nonce went to another transaction" : "the transaction reverted";
    return failure(context, { ...job, attempts: [] }, "PROVEN", reason);
  }
  return resend(context, job, newest);
}

/** Hands the newest attempt to the node again, which may have forgotten it; raises its fee when it waits too long. */
async function resend(context: StepContext, job: Job, newest: TxAttempt): Promise<Job> {
  const { evm, policy, headNumber } = context;
  const fees =
    headNumber - newest.sentAtBlock < policy.bumpAfterBlocks
      ? undefined
      : bumpedFees(newest.fees, await evm.suggestedFees(), policy);
  if (fees === undefined || job.proof === undefined) {
    return broadcast(context, job, newest.raw);
  }
  const delivery = { request: job.log.request, proof: job.proof };
  const signed = await evm.signDelivery({ delivery, nonce: newest.nonce, fees, gas: newest.gas });
  const raised = { ...job, attempts: [...job.attempts, { ...signed, sentAtBlock: headNumber }] };
  await context.remember(raised);
  return broadcast(context, raised, signed.raw);
}

/** A node that answers with an error may have taken the transaction all the same: it stays one that was sent. */
async function broadcast(context: StepContext, job: Job, raw: Uint8Array): Promise<Job> {
  try {
    await context.evm.broadcast(raw);
    return job;
  } catch (error) {
    return failure(context, job, "SENT", error instanceof Error ? error.message : String(error));
  }
}

async function settle({ evm, policy, headNumber }: StepContext, job: Job): Promise<Job> {
  const receipt = await receiptOf(evm, job.attempts);
  if (receipt === undefined || !receipt.succeeded) return moved(job, "SENT");
  if (headNumber - receipt.blockNumber < policy.confirmations) return job;
  return done(job, "delivered");
}

async function abandon({ evm }: StepContext, job: Job): Promise<Job> {
  const status = await evm.requestStatus(job.log.evmRequestId);
  return isSettled(status)
    ? done(job, "settled already")
    : dropped(job, "its deadline passed without a result");
}

async function receiptOf(evm: EvmPort, attempts: readonly TxAttempt[]): Promise<TxReceipt | undefined> {
  for (const attempt of [...attempts].reverse()) {
    const receipt = await evm.receipt(attempt.hash);
    if (receipt !== undefined) return receipt;
  }
  return undefined;
}

/** A job that is over keeps neither proof nor transactions: their nonces are free to others. */
function done(job: Job, reason: string): Job {
  const { proof: _proof, ...rest } = job;
  return moved({ ...rest, attempts: [] }, "DONE", { reason });
}

function failure({ clock, policy }: StepContext, job: Job, stage: Job["stage"], reason: string): Job {
  return failed(job, { stage, reason, nowMs: clock.nowMs(), retryMs: policy.retryMs });
}

function isSettled(status: number): boolean {
  return status !== STATUS_NONE && status !== STATUS_PENDING;
}

/** True when two versions of a job differ in what has to survive a crash. */
export function hasChanged(before: Job, after: Job): boolean {
  return (
    before.stage !== after.stage ||
    before.failures !== after.failures ||
    before.attempts.length !== after.attempts.length ||
    !equalBytes(before.log.blockHash, after.log.blockHash)
  );
}
