/** Doing what `decideRunner` decided. Each returns the height at which the chain shows its effect. */
import { tensorChunks } from "../../aivm/index.ts";
import { buildTree, bytesToHex, treePath } from "../../common/index.ts";
import {
  commitResult,
  proveModel,
  registerRunner,
  revealResult,
  serveModel,
  type TxResult,
} from "../../sdk/index.ts";
import type { RunnerAction } from "../core/decideRunner.ts";
import { resultOf } from "../core/execution.ts";
import { runnerError } from "../errors.ts";
import { ensureModel, loadJob, type RunnerContext } from "./context.ts";

/** How this runner presents itself to the chain. */
export interface Registration {
  readonly bondUaivm: bigint;
  /** Where it serves; empty = nowhere. */
  readonly endpoint: string;
}

/** Performs one action. @throws what the sdk and the stores do */
export async function performRunnerAction(
  context: RunnerContext,
  registration: Registration,
  action: RunnerAction,
): Promise<bigint | undefined> {
  if (action.kind === "compute") return compute(context, action.request);
  const tx = await send(context, registration, action);
  context.log.info({ action: action.key, tx: tx.hash, height: String(tx.height) }, `${action.kind} done`);
  return tx.height;
}

type Request = Extract<RunnerAction, { kind: "compute" }>["request"];

/** Runs the model and puts the opening on disk: nothing is sent before that file is safe. */
async function compute(context: RunnerContext, request: Request): Promise<undefined> {
  const job = await loadJob(context, request);
  const executed = await context.execute(job);
  for (const tensor of [...job.inputs, ...executed.outputs]) await context.blobs.put(tensor);
  const { output, outputRoot } = resultOf(executed);
  const salt = context.randomSalt();
  await context.kept.put({ kind: "result", requestId: request.id, salt, outputRoot, output });
  context.log.info({ request: bytesToHex(request.id), outputRoot: bytesToHex(outputRoot) }, "computed");
}

async function send(
  context: RunnerContext,
  registration: Registration,
  action: Exclude<RunnerAction, { kind: "compute" }>,
): Promise<TxResult> {
  const { client, signer, payee } = context;
  switch (action.kind) {
    case "register":
      return (await registerRunner(client, { signer, payee, ...registration })).tx;
    case "serve":
      return (await serveModel(client, { signer, modelId: action.modelId })).tx;
    case "prove": {
      const { modelId } = action;
      return (await proveModel(client, { signer, modelId, ...(await openConstant(context, action)) })).tx;
    }
    case "commit": {
      const { requestId, salt, outputRoot } = action.kept;
      return (await commitResult(client, { signer, requestId, salt, outputRoot })).tx;
    }
    case "reveal": {
      const { requestId, salt, output } = action.kept;
      return (await revealResult(client, { signer, requestId, salt, output })).tx;
    }
  }
}

async function openConstant(
  context: RunnerContext,
  drawn: { readonly modelId: Uint8Array; readonly constant: number; readonly chunk: number },
): Promise<{ readonly chunk: Uint8Array; readonly path: readonly Uint8Array[] }> {
  const { constants } = await ensureModel(context, drawn.modelId);
  // A model without weights has nothing to show.
  if (constants.length === 0) return { chunk: new Uint8Array(), path: [] };
  const tensor = constants[drawn.constant];
  const chunks = tensor === undefined ? [] : tensorChunks(tensor);
  const chunk = chunks[drawn.chunk];
  if (chunk !== undefined) return { chunk, path: treePath(buildTree(chunks), drawn.chunk) };
  throw runnerError("RUNNER_MODEL", {
    what: "drawn chunk",
    item: bytesToHex(drawn.modelId),
    want: "a chunk of the model",
    got: `constant ${drawn.constant}, chunk ${drawn.chunk}`,
    remedy: "Check that runner and chain have the same version.",
  });
}
