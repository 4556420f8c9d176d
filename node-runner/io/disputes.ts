/** Accepted and disputed requests: playing where this runner has a claim, watching where it is told to. */
import { bytesToHex } from "../../common/index.ts";
import { type DisputeView, playDispute } from "../../opml-dispute/index.ts";
import { type Messages, RequestStatus } from "../../proto/index.ts";
import { type ChainStatus, getRequests } from "../../sdk/index.ts";
import type { ActionPool } from "../core/actionPool.ts";
import type { RunnerContext } from "./context.ts";
import { disputePorts, isInvolved, readView } from "./disputePorts.ts";
import { createRuns } from "./runs.ts";
import { createWatcher } from "./watcher.ts";

type Request = Messages["aivm.inference.v1.Request"];

/** Looks at every request that has claims. */
export interface Disputes {
  look(status: ChainStatus, pool: ActionPool): Promise<void>;
}

/** Plays for this runner's own claims; with `watch`, judges the claims of others as well. */
export function createDisputes(context: RunnerContext, options: { readonly watch: boolean }): Disputes {
  const runs = createRuns(context);
  const watcher = createWatcher(context, runs);
  return {
    look: async (status, pool) => {
      // Nobody but a watcher has to look before there is a rival.
      const requests = await readClaimed(context, options.watch);
      const ids = new Set(requests.map((request) => bytesToHex(request.id)));
      runs.keepOnly(ids);
      watcher.keepOnly(ids);
      for (const request of requests) {
        const view = await readView(context, request.id);
        if (view === undefined) continue;
        await play({ request, view, pool });
        if (options.watch) await watcher.look({ request, view, status, pool });
      }
    },
  };

  async function play(at: {
    readonly request: Request;
    readonly view: DisputeView;
    readonly pool: ActionPool;
  }): Promise<void> {
    const { request, view, pool } = at;
    if (!isInvolved(view, context.signer.address)) return;
    const ports = disputePorts(context, { request, runs, pool, view });
    const run = async (): Promise<undefined> => void (await playDispute(ports, request.id));
    // In the background: the first look at a dispute makes the whole trace.
    pool.start({ key: `play/${bytesToHex(request.id)}`, height: view.moment.height, run, silent: true });
  }
}

async function readClaimed(context: RunnerContext, watch: boolean): Promise<readonly Request[]> {
  const { REQUEST_STATUS_ACCEPTED, REQUEST_STATUS_DISPUTED } = RequestStatus;
  const statuses = watch ? [REQUEST_STATUS_ACCEPTED, REQUEST_STATUS_DISPUTED] : [REQUEST_STATUS_DISPUTED];
  const lists = await Promise.all(statuses.map((status) => getRequests(context.client, { status })));
  return lists.flat();
}
