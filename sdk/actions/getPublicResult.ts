import { RequestStatus } from "../../proto/index.ts";
import type { Client } from "../client.ts";
import { notFound } from "../errors/errors.ts";
import type { PublicResult } from "../publicResult.ts";
import { getInput } from "./getInput.ts";
import { getRequest } from "./getRequest.ts";
import { getResult } from "./getResult.ts";

/**
 * All that is needed to compute a final result again, but for the model's artifact. It is what this node says; whoever
 * computes it again finds out whether output and input belong together.
 * @throws SDK_NOT_FOUND (no such request, or none that is final), SDK_UNREACHABLE
 */
export async function getPublicResult(client: Client, requestId: Uint8Array): Promise<PublicResult> {
  const [request, result, input] = await Promise.all([
    getRequest(client, requestId),
    getResult(client, requestId),
    getInput(client, requestId),
  ]);
  const isFinal = request?.status === RequestStatus.REQUEST_STATUS_FINAL;
  if (request === undefined || result === undefined || input === undefined || !isFinal) {
    throw notFound("final result of request", requestId);
  }
  const { modelId, inputRoot, output, outputRoot } = result;
  const { seed, maxTokens } = request;
  return { requestId, modelId, seed, maxTokens, input, inputRoot, output, outputRoot };
}
