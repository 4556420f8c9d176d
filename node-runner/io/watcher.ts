/** Watching: every accepted result is run again, and challenged with a bond when it is wrong. */
import { bytesToHex } from "../../common/index.ts";
import type { Claim, DisputeView } from "../../opml-dispute/index.ts";
import { ClaimStatus, type Messages } from "../../proto/index.ts";
import { type ChainStatus, joinDispute } from "../../sdk/index.ts";
import type { ActionPool } from "../core/actionPool.ts";
import { type ClaimFacts, decideWatch, type OwnRun, type WatchAction } from "../core/decideWatch.ts";
import { resultOf } from "../core/execution.ts";
import type { Kept } from "../core/kept.ts";
import { runnerError } from "../errors.ts";
import type { RunnerContext } from "./context.ts";
import type { Runs } from "./runs.ts";

type Request = Messages["aivm.inference.v1.Request"];

/** What was found out about a request; lost with the process and then found out again. */
interface Memory {
  missing?: string;
  own?: OwnRun;
  said?: string;
}

/** One look at one request. */
export interface WatchLook {
  readonly request: Request;
  readonly view: DisputeView;
  readonly status: ChainStatus;
  readonly pool: ActionPool;
}

/** Judges results. */
export interface Watcher {
  look(look: WatchLook): Promise<void>;
  /** Forgets every request but these (hex ids). */
  keepOnly(ids: ReadonlySet<string>): void;
}

/** A watcher that has seen nothing yet. */
export function createWatcher(context: RunnerContext, runs: Runs): Watcher {
  const memories = new Map<string, Memory>();
  return {
    look: async (look) => {
      const id = bytesToHex(look.request.id);
      const memory = memories.get(id) ?? {};
      memories.set(id, memory);
      await lookAt(context, { ...look, runs, memory });
    },
    keepOnly: (ids) => {
      for (const id of memories.keys()) if (!ids.has(id)) memories.delete(id);
    },
  };
}

interface Look extends WatchLook {
  readonly runs: Runs;
  readonly memory: Memory;
}

async function lookAt(context: RunnerContext, look: Look): Promise<void> {
  const { request, view, memory, status, pool } = look;
  const { address } = context.signer;
  const action = decideWatch({
    self: address,
    claims: view.game.claims.map(toClaimFacts),
    joinable: view.joinable,
    joinPending: view.game.joins.some(({ challenger }) => challenger === address),
    kept: await context.kept.get("join", request.id),
    inputs: memory.missing === undefined ? "complete" : { missing: memory.missing },
    own: memory.own,
  });
  sayOnce(context, look, action);
  const due = retried(action, memory);
  if (due === undefined) return;
  const run = (): Promise<bigint | undefined> => perform(context, look, due);
  pool.start({ key: `watch/${due.kind}/${bytesToHex(request.id)}`, height: status.latestHeight, run });
}

type Due = Exclude<WatchAction, { readonly kind: "none" | "refuse" }>;

/** A refusal for want of inputs is looked into again: the artifact may be there by then. */
function retried(action: WatchAction, memory: Memory): Due | undefined {
  if (action.kind === "none") return undefined;
  if (action.kind !== "refuse") return action;
  return memory.missing === undefined ? undefined : { kind: "execute" };
}

/** Each new verdict on a request is logged once. */
function sayOnce(context: RunnerContext, look: Look, action: WatchAction): void {
  const why = "why" in action ? action.why : "";
  const said = `${action.kind} ${why}`;
  if (look.memory.said === said) return;
  look.memory.said = said;
  const fields = { request: bytesToHex(look.request.id), ...(why === "" ? {} : { why }) };
  if (action.kind === "refuse") context.log.warn(fields, "cannot judge this result");
  else context.log.info(fields, `watch: ${action.kind}`);
}

async function perform(context: RunnerContext, look: Look, action: Due): Promise<bigint | undefined> {
  switch (action.kind) {
    case "execute":
      return execute(look);
    case "confirm":
      return confirm(look);
    case "keep":
      return keep(context, look);
    case "join":
      return join(context, action.kept);
  }
}

async function execute(look: Look): Promise<undefined> {
  const { memory, runs, request } = look;
  try {
    const { outputRoot } = resultOf(await runs.answer(request));
    delete memory.missing;
    memory.own = { outputRoot, second: undefined };
  } catch (error) {
    memory.missing = error instanceof Error ? error.message : String(error);
    throw error;
  }
}

async function confirm(look: Look): Promise<undefined> {
  const { memory, runs, request } = look;
  const { executed, trace } = await runs.confirmTrace(request);
  const second = { outputRoot: resultOf(executed).outputRoot, traceRoot: trace.root };
  if (memory.own !== undefined) memory.own = { ...memory.own, second };
}

async function keep(context: RunnerContext, look: Look): Promise<undefined> {
  const { executed, trace } = await look.runs.confirmTrace(look.request);
  const salt = context.randomSalt();
  const requestId = look.request.id;
  await context.kept.put({ kind: "join", requestId, salt, traceRoot: trace.root, ...resultOf(executed) });
}

async function join(context: RunnerContext, kept: Kept): Promise<bigint> {
  const { requestId, outputRoot, salt, traceRoot } = kept;
  if (traceRoot === undefined) {
    throw runnerError("RUNNER_FILE", {
      what: "opening of a join",
      item: bytesToHex(requestId),
      want: "one with a trace root",
      got: "none",
      remedy: "Restore the file from a backup.",
    });
  }
  const { client, signer } = context;
  const { tx } = await joinDispute(client, { signer, requestId, outputRoot, salt, traceRoot });
  const fields = { request: bytesToHex(requestId), tx: tx.hash, height: String(tx.height) };
  context.log.info(fields, "joined with a bond");
  return tx.height;
}

function toClaimFacts(claim: Claim): ClaimFacts {
  return {
    claimants: claim.members.map((member) => member.address),
    outputRoot: claim.outputRoot,
    traceRoot: claim.traceRoot.length === 0 ? undefined : claim.traceRoot,
    alive: claim.status === ClaimStatus.CLAIM_STATUS_ALIVE,
  };
}
