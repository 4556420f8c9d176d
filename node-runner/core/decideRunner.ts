/**
 * What a runner does next: a pure function of the chain's state and of the openings on disk, so that a runner that was
 * killed at any moment goes on where it was. Doing an action twice is harmless: the chain refuses the second.
 */
import { bytesToHex, equalBytes } from "../../common/index.ts";
import { type Messages, ModelStatus, RequestStatus, resultCommitment } from "../../proto/index.ts";
import type { Kept } from "./kept.ts";

type Request = Messages["aivm.inference.v1.Request"];
type Runner = Messages["aivm.runner.v1.Runner"];
type Model = Messages["aivm.model.v1.Model"];
type ServingAnswer = Messages["aivm.model.v1.QueryServingResponse"];

/** A model whose artifact this runner holds, as the chain sees it. */
export interface ModelFacts {
  /** Absent = not registered (yet). */
  readonly model: Model | undefined;
  readonly modelId: Uint8Array;
  /** This runner's declaration; absent = none. */
  readonly serving: ServingAnswer | undefined;
}

/** Everything that the decision reads. */
export interface RunnerFacts {
  /** Bech32, and its 20 bytes. */
  readonly self: string;
  readonly selfBytes: Uint8Array;
  /** Latest block. */
  readonly height: bigint;
  readonly timeMs: bigint;
  /** This runner's record; absent = not registered. */
  readonly runner: Runner | undefined;
  readonly models: readonly ModelFacts[];
  /** OPEN and COMMITTED requests, in order of sequence. */
  readonly requests: readonly Request[];
  /** Openings on disk, by hex request id. */
  readonly kept: ReadonlyMap<string, Kept>;
}

/** One thing to do. `key` names it: the same key is the same action. */
export type RunnerAction =
  | { readonly kind: "register"; readonly key: string }
  | { readonly kind: "serve"; readonly key: string; readonly modelId: Uint8Array }
  | {
      readonly kind: "prove";
      readonly key: string;
      readonly modelId: Uint8Array;
      readonly constant: number;
      readonly chunk: number;
    }
  /** Run the model, put the opening on disk. The commitment follows at the next look. */
  | { readonly kind: "compute"; readonly key: string; readonly request: Request }
  | { readonly kind: "commit"; readonly key: string; readonly request: Request; readonly kept: Kept }
  | { readonly kind: "reveal"; readonly key: string; readonly request: Request; readonly kept: Kept };

/** The actions that are due, in the order in which they matter most: what has a deadline comes first. */
export function decideRunner(facts: RunnerFacts): RunnerAction[] {
  if (facts.runner === undefined) return [{ kind: "register", key: "register" }];
  const requests = facts.requests.flatMap((request) => decideRequest(facts, request));
  const reveals = requests.filter((action) => action.kind === "reveal");
  const others = requests.filter((action) => action.kind !== "reveal");
  return [...reveals, ...facts.models.flatMap(decideServing), ...others];
}

/** Declares, then opens the chunk that was drawn; again in every epoch of the model. */
function decideServing(facts: ModelFacts): RunnerAction[] {
  const { model, modelId, serving } = facts;
  if (model === undefined || model.status === ModelStatus.MODEL_STATUS_INVALID) return [];
  const id = bytesToHex(modelId);
  const declared = serving?.serving;
  if (declared === undefined) return [{ kind: "serve", key: `serve/${id}/0`, modelId }];
  if (isProved(declared, model)) return [];
  if (declared.provedEpoch !== 0n && serving?.drawn !== true) {
    return [{ kind: "serve", key: `serve/${id}/${model.epoch}`, modelId }];
  }
  if (serving === undefined || !serving.drawn) return [];
  const { constant, chunk } = serving;
  return [{ kind: "prove", key: `prove/${id}/${declared.declaredHeight}`, modelId, constant, chunk }];
}

/** True when the declaration was answered in the model's present epoch. */
function isProved(declared: Messages["aivm.model.v1.Serving"], model: Model): boolean {
  return declared.provedEpoch !== 0n && declared.provedEpoch >= model.epoch;
}

function decideRequest(facts: RunnerFacts, request: Request): RunnerAction[] {
  const id = bytesToHex(request.id);
  const kept = facts.kept.get(id);
  if (request.status === RequestStatus.REQUEST_STATUS_COMMITTED) {
    if (kept === undefined || !isOurCommitment(facts, request, kept)) return [];
    // The transaction lands in a later block than the commitment, which is already in one.
    return [{ kind: "reveal", key: `reveal/${id}/${request.reopened}`, request, kept }];
  }
  if (!mayCommit(facts, request)) return [];
  if (kept === undefined) return [{ kind: "compute", key: `compute/${id}`, request }];
  return [{ kind: "commit", key: `commit/${id}/${request.reopened}`, request, kept }];
}

function isOurCommitment(facts: RunnerFacts, request: Request, kept: Kept): boolean {
  const { salt, outputRoot } = kept;
  const ours = resultCommitment({ requestId: request.id, runner: facts.selfBytes, salt, outputRoot });
  return request.committer === facts.self && equalBytes(request.commitment, ours);
}

/** The request is open to this runner, which has proved that it holds the model, and there is still time. */
function mayCommit(facts: RunnerFacts, request: Request): boolean {
  if (request.status !== RequestStatus.REQUEST_STATUS_OPEN || facts.runner?.jailed === true) return false;
  if (request.deadlineMs !== 0n && facts.timeMs >= request.deadlineMs) return false;
  const held = facts.models.find(({ modelId }) => equalBytes(modelId, request.modelId));
  const declared = held?.serving?.serving;
  if (held?.model?.status !== ModelStatus.MODEL_STATUS_ACTIVE || declared === undefined) return false;
  if (!isProved(declared, held.model)) return false;
  const { assigned, openToAllHeight, excluded } = request;
  if (excluded.includes(facts.self)) return false;
  return assigned === "" || assigned === facts.self || facts.height + 1n >= openToAllHeight;
}
