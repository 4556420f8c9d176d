/** The chain as the runner's decisions see it, read over the sdk. */
import { bytesToHex } from "../../common/index.ts";
import { RequestStatus } from "../../proto/index.ts";
import {
  addressToBytes,
  type ChainStatus,
  getModel,
  getRequests,
  getRunner,
  getServing,
} from "../../sdk/index.ts";
import type { ModelFacts, RunnerFacts } from "../core/decideRunner.ts";
import type { Kept } from "../core/kept.ts";
import type { RunnerContext } from "./context.ts";

/** Everything that `decideRunner` reads. @throws SDK_UNREACHABLE */
export async function readRunnerFacts(context: RunnerContext, status: ChainStatus): Promise<RunnerFacts> {
  const { client, signer, artifacts } = context;
  const { REQUEST_STATUS_OPEN, REQUEST_STATUS_COMMITTED } = RequestStatus;
  const [runner, ids, open, committed] = await Promise.all([
    getRunner(client, signer.address),
    artifacts.list(),
    getRequests(client, { status: REQUEST_STATUS_OPEN }),
    getRequests(client, { status: REQUEST_STATUS_COMMITTED }),
  ]);
  const held = new Set(ids.map(bytesToHex));
  const requests = [...committed, ...open].filter((request) => held.has(bytesToHex(request.modelId)));
  return {
    self: signer.address,
    selfBytes: addressToBytes(signer.address),
    height: status.latestHeight,
    timeMs: status.latestTimeMs,
    runner,
    models: await Promise.all(ids.map((modelId) => readModelFacts(context, modelId))),
    requests,
    kept: await readKept(context, requests),
  };
}

async function readModelFacts(context: RunnerContext, modelId: Uint8Array): Promise<ModelFacts> {
  const { client, signer } = context;
  const model = await getModel(client, modelId);
  const serving = model && (await getServing(client, { modelId, runner: signer.address }));
  return { modelId, model, serving };
}

async function readKept(
  context: RunnerContext,
  requests: readonly { readonly id: Uint8Array }[],
): Promise<ReadonlyMap<string, Kept>> {
  const found = new Map<string, Kept>();
  for (const { id } of requests) {
    const kept = await context.kept.get("result", id);
    if (kept !== undefined) found.set(bytesToHex(id), kept);
  }
  return found;
}
