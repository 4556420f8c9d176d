/** Chapter 4: the drawn runner lies, the watcher challenges, the chain recomputes one element, the truth becomes final. */

import { opOf } from "../../../aivm/index.ts";
import { ClaimStatus, MatchStage, type Messages, RequestStatus } from "../../../proto/index.ts";
import { getRequest } from "../../../sdk/actions/getRequest.ts";
import { searchTx } from "../../../sdk/actions/searchTx.ts";
import { waitForResult } from "../../../sdk/actions/waitForResult.ts";
import { orUndefined, query } from "../../../sdk/query.ts";
import type { TxResult } from "../../../sdk/tx/result.ts";
import { grouped } from "../report.ts";
import { PATIENCE_MS, type Stage, until } from "../stage.ts";
import { type Question, statusName } from "./contract.ts";

type DisputeView = Messages["aivm.dispute.v1.QueryDisputeResponse"];

/** What the game came to. */
export interface Verdict {
  readonly op: number;
  readonly opName: string;
  readonly chunk: number;
  readonly element: number;
  readonly moves: number;
  readonly forfeitedUaivm: bigint;
  readonly burnedUaivm: bigint;
}

/** Waits for the drawn runner's commitment and its revealed result. */
export async function answered(stage: Stage, question: Question, account: string): Promise<void> {
  const { recorder, network } = stage;
  const { address } = network.account(account).signer;
  await recorder.step("commit", async () => {
    const tx = await firstTx(stage, "/aivm.inference.v1.MsgCommitResult", address);
    return { what: "hash of an answer, nobody can copy it", who: account, ref: tx.hash, value: undefined };
  });
  await recorder.step("reveal", async () => {
    const tx = await firstTx(stage, "/aivm.inference.v1.MsgRevealResult", address);
    const request = await getRequest(network.client, question.requestId);
    const what = `a false answer, one element changed; request ${statusName(request?.status ?? 0)}`;
    return { what, who: account, ref: tx.hash, value: undefined };
  });
}

/** Waits until the watcher's rival claim is public. */
export async function challenged(stage: Stage, question: Question): Promise<void> {
  const { recorder, network } = stage;
  const { address } = network.account("watcher").signer;
  await recorder.step("challenge", async () => {
    const tx = await firstTx(stage, "/aivm.dispute.v1.MsgRevealJoin", address);
    const view = await until("a second claim", async () => {
      const found = await disputeOf(stage, question);
      return (found?.claims.length ?? 0) > 1 ? found : undefined;
    });
    const bond = view.claims[1]?.members[0]?.bondUaivm ?? 0n;
    const what = `re-ran it, got another output, put ${grouped(bond)} uaivm behind its own`;
    return { what, who: "watcher", ref: tx.hash, value: undefined };
  });
}

/** Follows the game to the one element, and to the loss of the liar's bond. */
export async function judged(stage: Stage, question: Question): Promise<Verdict> {
  const { recorder, model } = stage;
  const match = await recorder.step("bisect", async () => {
    const found = await until("a match at one element", async () => {
      const [first] = (await disputeOf(stage, question))?.matches ?? [];
      if (first === undefined) return undefined;
      const narrowed =
        first.stage === MatchStage.MATCH_STAGE_ELEMENT || (await liarOut(stage, question)) !== undefined;
      return narrowed ? first : undefined;
    });
    const moves = await searchTx(stage.network.client, "message.action='/aivm.dispute.v1.MsgOpenNode'");
    const { name } = opOf(model.model.program.ops[found.slot - 1]?.opcode ?? 0);
    const what = `first difference: op ${found.slot - 1} (${name}), chunk ${found.chunk}, element ${found.element}`;
    return { what, who: "runner, watcher", ref: moves.at(-1)?.hash ?? "", value: { ...found, name } };
  });
  return recorder.step("slash", async () => {
    const view = await until("the liar's loss", () => liarOut(stage, question));
    const [proof] = await searchTx(stage.network.client, "message.action='/aivm.dispute.v1.MsgProveElement'");
    const forfeitedUaivm = view.claims[0]?.members[0]?.bondUaivm ?? 0n;
    const { burnedUaivm = 0n } = view.dispute ?? {};
    const over = view.matches[0];
    const value = {
      op: match.slot - 1,
      opName: match.name,
      chunk: match.chunk,
      element: match.element,
      moves: over?.moves ?? match.moves,
      forfeitedUaivm,
      burnedUaivm,
    };
    const what = `the chain recomputed one element: the runner lost ${grouped(forfeitedUaivm)} uaivm, ${grouped(burnedUaivm)} burned`;
    return { what, who: "chain", ref: proof?.hash ?? "", value };
  });
}

/** Waits until the surviving claim is final. */
export function truthFinal(stage: Stage, question: Question): Promise<Messages["aivm.inference.v1.Result"]> {
  const { recorder, network } = stage;
  return recorder.step("final", async () => {
    const result = await waitForResult(network.client, {
      requestId: question.requestId,
      timeoutMs: PATIENCE_MS,
    });
    const request = await getRequest(network.client, question.requestId);
    if (request?.status !== RequestStatus.REQUEST_STATUS_FINAL)
      throw new Error("a result without a final request");
    const what = "the true output survived its window";
    return { what, who: "chain", ref: `block ${result.finalHeight}`, value: result };
  });
}

/** The dispute of a request, or undefined before there is one. */
export function disputeOf(stage: Stage, question: Question): Promise<DisputeView | undefined> {
  return orUndefined(query(stage.network.client, "dispute", "Dispute")({ requestId: question.requestId }));
}

async function liarOut(stage: Stage, question: Question): Promise<DisputeView | undefined> {
  const view = await disputeOf(stage, question);
  return view?.claims[0]?.status === ClaimStatus.CLAIM_STATUS_LOST ? view : undefined;
}

function firstTx(stage: Stage, action: string, sender: string): Promise<TxResult> {
  return until(`${action} of ${sender}`, async () => {
    const found = await searchTx(
      stage.network.client,
      `message.action='${action}' AND message.sender='${sender}'`,
    );
    return found.find(({ code }) => code === 0);
  });
}
