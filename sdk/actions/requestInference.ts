import type { Client } from "../client.ts";
import { type Sent, sendMessage } from "../tx/sendMessage.ts";
import type { TxOptions } from "../tx/sendTx.ts";

const NAME = "aivm.inference.v1.MsgRequestInference";

/** What a request may ask for beyond its model and input. */
export interface RequestTerms {
  /** Escrowed until the result is final. At least the model's fee. */
  readonly feeUaivm: bigint;
  /** 32 bytes; absent = the chain makes one. */
  readonly seed?: Uint8Array;
  readonly maxTokens?: number;
  /** Flags; absent = OPTIMISTIC_FINAL. */
  readonly tier?: number;
  readonly valueAtRiskUaivm?: bigint;
  /** Absent = the chain's parameter. */
  readonly windowMs?: bigint;
  /** Unix milliseconds of block time; absent = as late as the chain allows. */
  readonly deadlineMs?: bigint;
  readonly eagerTrace?: boolean;
}

/** Asks for an inference. `input`: canonical bytes of the input tensors, in program order. The answer has the
 * request's id. @throws as `sendTx` */
export function requestInference(
  client: Client,
  options: TxOptions & RequestTerms & { readonly modelId: Uint8Array; readonly input: Uint8Array },
): Promise<Sent<typeof NAME>> {
  const {
    modelId,
    input,
    seed,
    maxTokens,
    tier,
    feeUaivm,
    valueAtRiskUaivm,
    windowMs,
    deadlineMs,
    eagerTrace,
  } = options;
  const terms = { seed, maxTokens, tier, feeUaivm, valueAtRiskUaivm, windowMs, deadlineMs, eagerTrace };
  const value = { requester: options.signer.address, modelId, input, ...terms };
  return sendMessage(client, { ...options, name: NAME, value });
}
