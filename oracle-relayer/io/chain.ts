/** The aivm chain over the SDK. */
import type { Messages } from "../../proto/index.ts";
import { type Client, getResultProof, getStatus, observeRequest, type Signer } from "../../sdk/index.ts";
import type { ChainPort, ResultProof } from "../ports.ts";

type ProofResponse = Messages["aivm.oracle.v1.QueryResultProofResponse"];

/** A chain port. `signer` is the account of a validator's observer; it pays the fees of observations. */
export function createChainPort(client: Client, signer: Signer): ChainPort {
  return {
    observeRequest: async (observation) => {
      const { request } = observation;
      const { response } = await observeRequest(client, {
        signer,
        observation: {
          evmChainId: observation.evmChainId,
          oracle: observation.oracle,
          evmRequestId: observation.evmRequestId,
          requestHash: observation.requestHash,
          blockHash: observation.blockHash,
          blockNumber: observation.blockNumber,
          modelId: request.modelId,
          input: request.input,
          tier: request.tier,
          windowMs: request.window * 1000n,
          evmDeadlineS: request.deadline,
          maxOutput: request.maxOutput,
        },
      });
      return { requestId: response.requestId };
    },
    resultProof: async (requestId) => {
      const found = await getResultProof(client, requestId);
      return found === undefined ? undefined : proofOf(found);
    },
    latestHeight: async () => (await getStatus(client)).latestHeight,
  };
}

/** The chain's answer in the relayer's terms, or undefined while it is not attested. */
export function proofOf(response: ProofResponse): ResultProof | undefined {
  const { attested, leaf } = response;
  if (!attested || leaf === undefined) return undefined;
  return {
    leaf: {
      dstChainId: leaf.dstChainId,
      oracle: leaf.oracle,
      requestId: leaf.requestId,
      requestHash: leaf.requestHash,
      status: leaf.status,
      outputHash: leaf.outputKeccak,
      outputRoot: leaf.outputRoot,
      modelId: leaf.modelId,
      tier: leaf.tier,
      payee: leaf.payee,
      deadline: leaf.deadline,
      finalHeight: leaf.finalHeight,
    },
    output: response.output,
    root: response.root,
    rootHeight: response.rootHeight,
    index: response.index,
    path: response.path,
    setId: response.setId,
    bitmap: littleEndian(response.bitmap),
    signatures: response.signatures,
  };
}

function littleEndian(bytes: Uint8Array): bigint {
  let value = 0n;
  for (const byte of [...bytes].reverse()) value = (value << 8n) | BigInt(byte);
  return value;
}
