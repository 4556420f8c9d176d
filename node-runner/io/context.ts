/** What the parts of one runner process share. */
import type { LoadedModel } from "../../aivm/index.ts";
import { bytesToHex } from "../../common/index.ts";
import type { Messages } from "../../proto/index.ts";
import { type Client, getInput, getModel, getRunners, type Signer } from "../../sdk/index.ts";
import { type Execute, type Job, jobOf } from "../core/execution.ts";
import type { KeptStore } from "../core/kept.ts";
import type { Log } from "../core/log.ts";
import { runnerError } from "../errors.ts";
import type { ArtifactStore } from "./artifactStore.ts";
import type { BlobStore } from "./blobStore.ts";
import { fetchArtifact } from "./fetchArtifact.ts";

/** The runner's connections, stores and engines. */
export interface RunnerContext {
  readonly client: Client;
  readonly signer: Signer;
  readonly log: Log;
  readonly artifacts: ArtifactStore;
  readonly blobs: BlobStore;
  readonly kept: KeptStore;
  /** Answers requests, and defends what it answered. */
  readonly execute: Execute;
  /** A second engine, asked before a bond is put up. */
  readonly confirm: Execute;
  /** Base URLs of other runners, asked before those that the chain lists. */
  readonly peers: readonly string[];
  /** 32 random bytes. */
  readonly randomSalt: () => Uint8Array;
  /** EVM address (20 bytes) for work fees; empty = none. */
  readonly payee: Uint8Array;
}

/**
 * A model with its weights: from the store, otherwise from peers or from the runners that the chain lists.
 * @throws RUNNER_MODEL (not registered), RUNNER_FETCH, SDK_UNREACHABLE
 */
export async function ensureModel(context: RunnerContext, modelId: Uint8Array): Promise<LoadedModel> {
  const here = await context.artifacts.get(modelId);
  if (here !== undefined) return here;
  const record = await getModel(context.client, modelId);
  if (record === undefined) {
    throw runnerError("RUNNER_MODEL", {
      what: "model",
      item: bytesToHex(modelId),
      want: "a registered model",
      got: "none",
      remedy: "Register it first, or check the id.",
    });
  }
  const listed = (await getRunners(context.client)).map((runner) => runner.endpoint);
  const endpoints = [...new Set([...context.peers, ...listed])].filter((endpoint) => endpoint !== "");
  const { artifactBytes } = record;
  const model = await fetchArtifact(context.artifacts, { modelId, artifactBytes, endpoints });
  context.log.info({ model: bytesToHex(modelId), bytes: String(artifactBytes) }, "artifact fetched");
  return model;
}

/**
 * The job of a request, from the bytes that the chain holds.
 * @throws RUNNER_MODEL when input or model are not what the request's roots say
 */
export async function loadJob(
  context: RunnerContext,
  request: Messages["aivm.inference.v1.Request"],
): Promise<Job> {
  const [model, input] = await Promise.all([
    ensureModel(context, request.modelId),
    getInput(context.client, request.id),
  ]);
  const verdict = input === undefined ? undefined : jobOf({ model, request, input });
  if (verdict?.ok === true) return verdict.job;
  throw runnerError("RUNNER_MODEL", {
    what: "input of a request",
    item: bytesToHex(request.id),
    want: "the bytes behind its input root",
    got: verdict === undefined ? "none" : `${verdict.code} at ${verdict.at}`,
    remedy: "Wait, or ask another node: nothing is answered or bonded on other bytes.",
  });
}
