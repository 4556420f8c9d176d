import { type Tensor, tensorsToBytes } from "../../aivm/index.ts";
import type { Messages } from "../../proto/index.ts";
import type { Client } from "../client.ts";
import { notFound } from "../errors/errors.ts";
import { encodeInputs, type InputValues, outputReals } from "../tensors.ts";
import type { TxOptions } from "../tx/sendTx.ts";
import { verifyResult } from "../verifyResult.ts";
import { getRequest } from "./getRequest.ts";
import { loadModel } from "./loadModel.ts";
import { type RequestTerms, requestInference } from "./requestInference.ts";
import { waitForResult } from "./waitForResult.ts";

/** A final answer whose roots this client has recomputed. */
export interface Inference {
  readonly requestId: Uint8Array;
  /** Hash of the transaction that asked. */
  readonly txHash: string;
  readonly result: Messages["aivm.inference.v1.Result"];
  /** Output tensors as the program's integers. */
  readonly outputs: readonly Tensor[];
  /** The same in real units. */
  readonly reals: readonly Float64Array[];
}

/**
 * Asks a model and waits for the final answer: quantises floats with the model's metadata, sends the request, waits
 * until its challenge window is over, and recomputes model id, input root and output root.
 * @param options.inputs one entry per input of the model
 * @param options.resultTimeoutMs how long to wait for FINAL; default ten times the client's timeout
 * @throws SDK_NOT_FOUND (no such model), SDK_ARGUMENT, SDK_EXPIRED, SDK_TIMEOUT, SDK_VERIFY, and as `sendTx`
 */
export async function infer(
  client: Client,
  options: TxOptions &
    Partial<RequestTerms> & {
      readonly modelId: Uint8Array;
      readonly inputs: readonly InputValues[];
      readonly resultTimeoutMs?: number;
    },
): Promise<Inference> {
  const { model, record } = await loadModel(client, options.modelId);
  const inputs = encodeInputs(model.program, options.inputs);
  const feeUaivm = options.feeUaivm ?? record.feeUaivm;
  const { tx, response } = await requestInference(client, {
    ...options,
    feeUaivm,
    input: tensorsToBytes(inputs),
  });
  const { requestId } = response;
  const timeoutMs = options.resultTimeoutMs ?? 10 * client.timeoutMs;
  const result = await waitForResult(client, { requestId, timeoutMs });
  const request = await getRequest(client, requestId);
  if (request === undefined) throw notFound("request", requestId);
  const outputs = verifyResult({ model, inputs, request, result });
  return { requestId, txHash: tx.hash, result, outputs, reals: outputReals(model.program, outputs) };
}
