/** Sending transactions: in order per signer, several in flight, each waited for by its hash. */
import type { EncodeObject } from "@cosmjs/proto-signing";
import type { Client } from "../client.ts";
import { isUnreachable } from "../errors/errors.ts";
import { pollUntil, whileUnreachable } from "../poll.ts";
import { readAccount, requireAccount } from "./account.ts";
import { broadcast, broadcastOnce, isWrongSequence, lookUpTx } from "./broadcast.ts";
import { feeOf, withMargin } from "./gas.ts";
import { requireSuccess, type TxResult } from "./result.ts";
import { type AccountState, enqueue, expectedSequence } from "./sequencer.ts";
import { bodyOf, type SignedTx, signTx, simulate } from "./sign.ts";
import type { Signer } from "./signer.ts";

/** How to send; every action that writes takes these. */
export interface TxOptions {
  readonly signer: Signer;
  /** Gas limit. "auto" (default) simulates and adds half. */
  readonly gas?: "auto" | bigint;
  readonly memo?: string;
  /** How long to wait for the block. Default: the client's. */
  readonly timeoutMs?: number;
}

/** A transaction that the node has taken and that is not yet known to be in a block. */
export interface QueuedTx {
  /** Upper-case hex. */
  readonly hash: string;
  readonly gasLimit: bigint;
  readonly feeUaivm: bigint;
  /** Waits for the block. @throws SDK_TX_FAILED, SDK_TX_REJECTED, SDK_TIMEOUT, SDK_UNREACHABLE */
  readonly included: () => Promise<TxResult>;
}

/** Attempts at one transaction when the sequence turns out to be another one. */
const MAX_SEQUENCE_ATTEMPTS = 5;
/** A transaction that is not in a block after this long is handed over again: a restarted node has an empty mempool. */
const REBROADCAST_MS = 2_000;

/**
 * Signs and hands over `messages` as one transaction and returns as soon as the node has taken it.
 * @throws SDK_TX_REJECTED, SDK_NOT_FOUND (no such account), SDK_KEY, SDK_UNREACHABLE
 */
export async function queueTx(
  client: Client,
  options: TxOptions & { readonly messages: readonly EncodeObject[] },
): Promise<QueuedTx> {
  const deadlineMs = client.clock.nowMs() + (options.timeoutMs ?? client.timeoutMs);
  const body = bodyOf(options.messages, options.memo ?? "");
  const sent = await enqueue(options.signer.sequencer, () =>
    signInTurn(client, { ...options, body, deadlineMs }),
  );
  const included = async (): Promise<TxResult> =>
    requireSuccess(await waitForTx(client, { tx: sent.tx, address: options.signer.address, deadlineMs }));
  return { hash: sent.tx.hash, gasLimit: sent.gasLimit, feeUaivm: sent.feeUaivm, included };
}

/** `queueTx`, then waits for the block. @throws as both do */
export async function sendTx(
  client: Client,
  options: TxOptions & { readonly messages: readonly EncodeObject[] },
): Promise<TxResult> {
  return (await queueTx(client, options)).included();
}

interface Turn extends TxOptions {
  readonly body: Uint8Array;
  readonly deadlineMs: number;
}

interface Sent {
  readonly tx: SignedTx;
  readonly gasLimit: bigint;
  readonly feeUaivm: bigint;
}

/** Runs while holding the signer's lock: the sequence can not be used by anybody else of this process. */
async function signInTurn(client: Client, turn: Turn): Promise<Sent> {
  const { sequencer, address } = turn.signer;
  for (let attempt = 1; ; attempt++) {
    const account = sequencer.account ?? (await patientAccount(client, address, turn.deadlineMs));
    try {
      const sent = await signAndBroadcast(client, turn, account);
      sequencer.account = { ...account, sequence: account.sequence + 1n };
      return sent;
    } catch (error) {
      // Unreachable: the node may or may not have taken it. Another refusal has used no sequence.
      sequencer.account = isUnreachable(error) ? undefined : account;
      if (!isWrongSequence(error)) throw error;
      const expected = expectedSequence(error.answer.log);
      sequencer.account = expected === undefined ? undefined : { ...account, sequence: expected };
      if (attempt === MAX_SEQUENCE_ATTEMPTS) throw error;
      if (expected === undefined) await client.clock.sleep(client.pollMs);
    }
  }
}

async function signAndBroadcast(client: Client, turn: Turn, account: AccountState): Promise<Sent> {
  const { signer, body, deadlineMs } = turn;
  const gasLimit =
    typeof turn.gas === "bigint" ? turn.gas : await simulatedGas(client, turn, account.sequence);
  const feeUaivm = feeOf(gasLimit, client.gasPrice);
  const tx = await signTx(client, { signer, body, account, gasLimit, feeUaivm });
  await broadcast(client, tx, deadlineMs);
  return { tx, gasLimit, feeUaivm };
}

async function simulatedGas(client: Client, turn: Turn, sequence: bigint): Promise<bigint> {
  const { signer, body, deadlineMs } = turn;
  const call = (): Promise<bigint> => simulate(client, { signer, body, sequence });
  return withMargin(await whileUnreachable(client, { what: "simulation", deadlineMs, call }));
}

function patientAccount(client: Client, address: string, deadlineMs: number): Promise<AccountState> {
  return whileUnreachable(client, {
    what: `account ${address}`,
    deadlineMs,
    call: () => requireAccount(client, address),
  });
}

/** The transaction once it is in a block; hands it over again when a restart may have lost it. */
function waitForTx(
  client: Client,
  wait: { readonly tx: SignedTx; readonly address: string; readonly deadlineMs: number },
): Promise<TxResult> {
  const { tx, address, deadlineMs } = wait;
  let handedOverMs = client.clock.nowMs();
  const probe = async (): Promise<TxResult | undefined> => {
    const found = await lookUpTx(client, tx.hash);
    if (found !== undefined) return found;
    if (client.clock.nowMs() < handedOverMs + REBROADCAST_MS) return undefined;
    handedOverMs = client.clock.nowMs();
    await handOverAgain(client, tx, address);
    return undefined;
  };
  return pollUntil(client, { what: `transaction ${tx.hash} in a block`, deadlineMs, probe });
}

/** @throws SDK_TX_REJECTED when another transaction has used the sequence, so that this one can never be included */
async function handOverAgain(client: Client, tx: SignedTx, address: string): Promise<void> {
  try {
    await broadcastOnce(client, tx);
  } catch (error) {
    if (!isWrongSequence(error)) throw error;
    // In the mempool of a node without a cache of hashes, or behind lost predecessors: still possible.
    const account = await readAccount(client, address);
    if (account === undefined || account.sequence <= tx.sequence) return;
    if ((await lookUpTx(client, tx.hash)) === undefined) throw error;
  }
}
