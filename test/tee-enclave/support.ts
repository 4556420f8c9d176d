/** A tiny enclave for tests: real keys, real seals, a "model" that reverses its input. */
import nacl from "tweetnacl";
import { sha256, utf8 } from "../../common/index.ts";
import {
  CONTENT_TENSOR,
  chainIdHashOf,
  createWorker,
  type EnclaveModel,
  type EnclaveWorker,
  type InnerRequest,
  inputCommitOf,
  parseKeyConfig,
  type RequestSecrets,
  sealRequest,
} from "../../tee-enclave/index.ts";

export const CHAIN_ID = "aivm-test-1";

/** Bytes that depend on `label` only, so that a failing test fails again. */
export function bytesOf(label: string, length: number): Uint8Array {
  const out = new Uint8Array(length);
  for (let at = 0; at < length; at += 32) out.set(sha256(utf8(`${label}/${at}`)).slice(0, length - at), at);
  return out;
}

export const reverseModel: EnclaveModel = {
  modelId: bytesOf("model", 32),
  weightsRoot: bytesOf("weights", 32),
  maxOutputBytes: 16,
  inputRoot: ({ input, seed }) => (input.length === 8 ? sha256(input, seed) : undefined),
  run: async (input) => {
    const output = input.slice().reverse();
    return { output, outputRoot: sha256(output), gas: 5_000n };
  },
};

export function testWorker(): EnclaveWorker {
  let draws = 0;
  return createWorker({
    chainId: CHAIN_ID,
    node: bytesOf("node", 20),
    instance: 3n,
    models: [reverseModel],
    vmVersion: "aivm/1",
    policyId: bytesOf("policy", 32),
    notBefore: 10n,
    notAfter: 600n,
    entropy: (length) => bytesOf(`entropy ${draws++}`, length),
  });
}

export interface TestQuery {
  readonly envelope: Uint8Array;
  readonly secrets: RequestSecrets;
  readonly inner: InnerRequest;
  readonly queryId: Uint8Array;
  readonly inputCommit: Uint8Array;
}

/** A well-formed query; `change` may spoil it before it is sealed. */
export function testQuery(
  worker: EnclaveWorker,
  label = "query",
  change: {
    readonly input?: Uint8Array;
    readonly committedInput?: Uint8Array;
    readonly expiryHeight?: bigint;
    readonly modelId?: Uint8Array;
  } = {},
): TestQuery {
  const config = parseKeyConfig(worker.keyConfig);
  if (config === undefined) throw new Error("the worker's key config does not parse");
  const queryId = bytesOf(label, 16);
  const modelId = change.modelId ?? reverseModel.modelId;
  const inner: InnerRequest = {
    contentType: CONTENT_TENSOR,
    rIn: bytesOf("rIn", 32),
    outSeed: bytesOf("outSeed", 32),
    samplingSeed: bytesOf("seed", 32),
    maxUnits: 0,
    input: change.input ?? new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]),
  };
  const inputRoot = sha256(change.committedInput ?? inner.input, inner.samplingSeed);
  const inputCommit = inputCommitOf({
    ...inner,
    queryId,
    modelId,
    inputRoot,
    chainIdHash: chainIdHashOf(CHAIN_ID),
  });
  const sealed = sealRequest({
    header: { keyId: worker.keyId, queryId, modelId, inputCommit, expiryHeight: change.expiryHeight ?? 500n },
    inner,
    kemPub: config.kemPub,
    entropy: bytesOf(`ephemeral ${label}`, 32),
  });
  if (!sealed.ok) throw new Error(sealed.code);
  return { envelope: sealed.envelope, secrets: sealed.secrets, inner, queryId, inputCommit };
}

/** The simulated vendor of the tests. */
export const vendor: nacl.SignKeyPair = nacl.sign.keyPair.fromSeed(bytesOf("vendor", 32));
