/** Watching: every accepted result is run again, and challenged with a bond when it is wrong. */
import type { Trace } from "../../aivm/index.ts";
import { bytesToHex } from "../../common/index.ts";
import { type Messages, RequestStatus } from "../../proto/index.ts";
import { type ChainStatus, getRequests, joinDispute, revealJoin } from "../../sdk/index.ts";
import type { ActionPool } from "../core/actionPool.ts";
import { decideWatch, type OwnRun, type WatchAction } from "../core/decideWatch.ts";
import type { DisputeView, ReadDispute } from "../core/disputeView.ts";
import { type Executed, resultOf } from "../core/execution.ts";
import type { Kept } from "../core/kept.ts";
import { runnerError } from "../errors.ts";
import { loadJob, type RunnerContext } from "./context.ts";
import { slotOpenings } from "./slotOpenings.ts";

type Request = Messages["aivm.inference.v1.Request"];

/** What was computed for a request; lost with the process and then computed again. */
interface Memory {
  missing?: string;
  own?: OwnRun;
  second?: { readonly executed: Executed; readonly trace: Trace };
  said?: string;
}

/** Looks at every accepted and disputed request. */
export interface Watcher {
  look(status: ChainStatus, pool: ActionPool): Promise<void>;
}

/** A watcher that has seen nothing yet. */
export function createWatcher(context: RunnerContext, readDispute: ReadDispute): Watcher {
  const memories = new Map<string, Memory>();
  return {
    look: async (status, pool) => {
      const requests = await readWatched(context);
      const ids = new Set(requests.map((request) => bytesToHex(request.id)));
      for (const id of memories.keys()) if (!ids.has(id)) memories.delete(id);
      for (const request of requests) {
        const id = bytesToHex(request.id);
        const memory = memories.get(id) ?? {};
        memories.set(id, memory);
        await lookAt(context, { request, memory, status, pool, dispute: await readDispute(request.id) });
      }
    },
  };
}

async function readWatched(context: RunnerContext): Promise<readonly Request[]> {
  const { REQUEST_STATUS_ACCEPTED, REQUEST_STATUS_DISPUTED } = RequestStatus;
  const lists = await Promise.all(
    [REQUEST_STATUS_ACCEPTED, REQUEST_STATUS_DISPUTED].map((status) =>
      getRequests(context.client, { status }),
    ),
  );
  return lists.flat();
}

interface Look {
  readonly request: Request;
  readonly memory: Memory;
  readonly status: ChainStatus;
  readonly pool: ActionPool;
  readonly dispute: DisputeView | undefined;
}

async function lookAt(context: RunnerContext, look: Look): Promise<void> {
  const { request, memory, dispute } = look;
  if (dispute === undefined) return;
  const action = decideWatch({
    self: context.signer.address,
    claims: dispute.claims,
    joinable: dispute.joinable,
    joinPending: dispute.pendingJoins.includes(context.signer.address),
    kept: await context.kept.get("join", request.id),
    inputs: memory.missing === undefined ? "complete" : { missing: memory.missing },
    own: memory.own,
  });
  sayOnce(context, look, action);
  if (action.kind === "none") return;
  // A refusal is looked into again: the artifact may be fetched by then.
  const kind = action.kind === "refuse" && memory.own === undefined ? "execute" : action.kind;
  if (kind === "refuse") return;
  const run = (): Promise<bigint | undefined> =>
    perform(context, look, action.kind === "refuse" ? { kind: "execute" } : action);
  look.pool.start({ key: `watch/${kind}/${bytesToHex(request.id)}`, height: look.status.latestHeight, run });
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

async function perform(context: RunnerContext, look: Look, action: WatchAction): Promise<bigint | undefined> {
  const { client, signer, payee } = context;
  const { request } = look;
  switch (action.kind) {
    case "none":
    case "refuse":
      return undefined;
    case "execute":
      return execute(context, look);
    case "confirm":
      return confirm(context, look);
    case "keep":
      return keep(context, look);
    case "join": {
      const { requestId, outputRoot, salt } = action.kept;
      const { tx } = await joinDispute(client, {
        signer,
        requestId,
        outputRoot,
        salt,
        traceRoot: traceRootOf(action.kept),
      });
      context.log.info(
        { request: bytesToHex(requestId), tx: tx.hash, height: String(tx.height) },
        "joined with a bond",
      );
      return tx.height;
    }
    case "revealJoin": {
      const { trace } = await secondRun(context, look);
      const { salt, output } = action.kept;
      const openings = slotOpenings(trace);
      const options = {
        signer,
        requestId: request.id,
        salt,
        output,
        traceRoot: trace.root,
        payee,
        ...openings,
      };
      const { tx, response } = await revealJoin(client, options);
      const fields = {
        request: bytesToHex(request.id),
        claim: response.claim,
        tx: tx.hash,
        height: String(tx.height),
      };
      context.log.info(fields, "rival claim revealed");
      return tx.height;
    }
  }
}

async function execute(context: RunnerContext, look: Look): Promise<undefined> {
  const { memory } = look;
  try {
    const job = await loadJob(context, look.request);
    delete memory.missing;
    memory.own = { outputRoot: resultOf(await context.execute(job)).outputRoot, second: undefined };
  } catch (error) {
    memory.missing = error instanceof Error ? error.message : String(error);
    throw error;
  }
}

async function confirm(context: RunnerContext, look: Look): Promise<undefined> {
  const { memory } = look;
  const { executed, trace } = await secondRun(context, look);
  const second = { outputRoot: resultOf(executed).outputRoot, traceRoot: trace.root };
  if (memory.own !== undefined) memory.own = { ...memory.own, second };
}

async function keep(context: RunnerContext, look: Look): Promise<undefined> {
  const { executed, trace } = await secondRun(context, look);
  const salt = context.randomSalt();
  const requestId = look.request.id;
  await context.kept.put({ kind: "join", requestId, salt, traceRoot: trace.root, ...resultOf(executed) });
}

/** The second engine's run with its trace; made again after a restart. */
async function secondRun(context: RunnerContext, look: Look): Promise<NonNullable<Memory["second"]>> {
  const { memory } = look;
  if (memory.second === undefined) {
    const executed = await context.confirm(await loadJob(context, look.request));
    memory.second = { executed, trace: await executed.trace() };
  }
  return memory.second;
}

function traceRootOf(kept: Kept): Uint8Array {
  if (kept.traceRoot !== undefined) return kept.traceRoot;
  throw runnerError("RUNNER_FILE", {
    what: "opening of a join",
    item: bytesToHex(kept.requestId),
    want: "one with a trace root",
    got: "none",
    remedy: "Restore the file from a backup.",
  });
}
