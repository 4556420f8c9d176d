/** Running a request, as a port: the ordinary engines implement it, and so does an actor that lies. */
import {
  inputRoot,
  inputsFromBytes,
  type LoadedModel,
  outputRoot,
  type RequestParams,
  type Tensor,
  type Trace,
  tensorsToBytes,
} from "../../aivm/index.ts";
import { equalBytes, type Verdict } from "../../common/index.ts";
import type { Messages } from "../../proto/index.ts";

/** One run: the model and the request's own input, seed and limit. */
export interface Job extends RequestParams {
  readonly model: LoadedModel;
  readonly inputs: readonly Tensor[];
}

/** A finished run. */
export interface Executed {
  /** The program's outputs, in order. */
  readonly outputs: readonly Tensor[];
  /** The commitment to every op's output; made when it is first asked for. */
  readonly trace: () => Promise<Trace>;
}

/** Runs a job. The trace that it returns ends in the outputs that it returned. */
export interface Execute {
  (job: Job): Promise<Executed>;
  /** Gets ready for a model before a job asks for it. @throws AIVM_LIMIT when it needs more than this runner has. */
  readonly prepare?: (model: LoadedModel) => Promise<void>;
}

/** Bytes of a result and their root. */
export function resultOf(executed: Executed): {
  readonly output: Uint8Array;
  readonly outputRoot: Uint8Array;
} {
  return { output: tensorsToBytes(executed.outputs), outputRoot: outputRoot(executed.outputs) };
}

/**
 * The job of a request, if the input bytes are the ones that the chain accepted.
 * Codes: RUNNER_INPUT (not the program's), RUNNER_INPUT_ROOT (another input).
 */
export function jobOf(parts: {
  readonly model: LoadedModel;
  readonly request: Messages["aivm.inference.v1.Request"];
  readonly input: Uint8Array;
}): Verdict<{ readonly job: Job }> {
  const { model, request, input } = parts;
  const { seed, maxTokens } = request;
  let inputs: Tensor[];
  try {
    inputs = inputsFromBytes(model.program, input);
  } catch {
    return { ok: false, code: "RUNNER_INPUT", at: `${input.length} bytes` };
  }
  if (!equalBytes(inputRoot({ tensors: inputs, seed, maxTokens }), request.inputRoot)) {
    return { ok: false, code: "RUNNER_INPUT_ROOT", at: "input bytes" };
  }
  return { ok: true, job: { model, inputs, seed, maxTokens } };
}
