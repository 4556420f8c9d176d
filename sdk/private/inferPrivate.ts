/**
 * A private query end to end: verify the enclave, commit on the chain, seal, send, open, check the receipt against our
 * own commitments, record it. The plaintext leaves this function only under the seal.
 */
import {
  inputRoot,
  inputsFromBytes,
  outputRoot,
  outputsFromBytes,
  type Program,
  type Tensor,
} from "../../aivm/index.ts";
import { bytesToHex, equalBytes, readU64be, sha256, utf8ToText } from "../../common/index.ts";
import type { Enclave } from "../../proto/index.ts";
import {
  type AttestationPolicy,
  CONTENT_TENSOR,
  chainIdHashOf,
  type InnerRequest,
  inputCommitOf,
  matchReceipt,
  openResponse,
  outputBlindingOf,
  outputCommitOf,
  queryIdOf,
  RECEIPT_LENGTH,
  RECEIPT_OK,
  type Receipt,
  type RequestSecrets,
  receiptHash,
  sealRequest,
  verifyReceipt,
} from "../../tee-enclave/index.ts";
import { addressToBytes } from "../address.ts";
import { type Client, chainIdOf } from "../client.ts";
import { sdkError } from "../errors/errors.ts";
import { query } from "../query.ts";
import type { TxResult } from "../tx/result.ts";
import { sendMessage } from "../tx/sendMessage.ts";
import type { Signer } from "../tx/signer.ts";
import type { PrivatePorts } from "./ports.ts";
import { type VerifiedEnclave, verifyEnclave } from "./verifyEnclave.ts";

/** What to ask, of which model, under which policy. */
export interface PrivateQueryOptions {
  readonly signer: Signer;
  readonly modelId: Uint8Array;
  readonly program: Program;
  /** Canonical bytes of the input tensors, in program order. Secret. */
  readonly input: Uint8Array;
  readonly policy: AttestationPolicy;
  readonly feeUaivm: bigint;
  /** Enclave to use; default: the first one that the chain lists. */
  readonly keyId?: Uint8Array;
  /** Blocks until the query expires. Default 100. */
  readonly expiryBlocks?: bigint;
}

/** The answer and everything that proves it. */
export interface PrivateResult {
  readonly outputs: readonly Tensor[];
  readonly output: Uint8Array;
  readonly receipt: Receipt;
  /** The signed receipt, as recorded on the chain. */
  readonly receiptBytes: Uint8Array;
  readonly receiptHash: Uint8Array;
  readonly queryId: Uint8Array;
  readonly enclave: VerifiedEnclave;
  /** No hardware protected this query. */
  readonly simulated: boolean;
  readonly openTx: TxResult;
  readonly settleTx: TxResult;
}

interface Commitment {
  readonly inner: InnerRequest;
  readonly queryId: Uint8Array;
  readonly nonce: bigint;
  readonly inputCommit: Uint8Array;
}

/**
 * Asks an attested enclave and returns a verified answer whose receipt is on the chain.
 * @throws SDK_ENCLAVE (evidence refused: nothing was sent), SDK_PRIVATE_REFUSED (by the enclave), SDK_VERIFY (response
 * or receipt is not what was asked for), and what transactions throw
 */
export async function inferPrivate(
  client: Client,
  ports: PrivatePorts,
  options: PrivateQueryOptions,
): Promise<PrivateResult> {
  const chainId = await chainIdOf(client);
  const height = BigInt((await client.comet.status()).syncInfo.latestBlockHeight);
  const nowUnix = BigInt(Math.floor(client.clock.nowMs() / 1000));
  const listed = await listedEnclave(client, options.keyId);
  const enclave = await verifyEnclave(ports, {
    enclave: listed,
    policy: options.policy,
    chainId,
    height,
    nowUnix,
  });
  const commitment = commitTo(ports, options, chainId);
  const expiryHeight = height + (options.expiryBlocks ?? 100n);
  const { envelope, secrets } = seal(ports, { options, enclave, commitment, expiryHeight });
  const opened = await sendMessage(client, {
    signer: options.signer,
    name: "aivm.tee.v1.MsgOpenPrivateQuery",
    value: {
      sender: options.signer.address,
      nonce: commitment.nonce,
      modelId: options.modelId,
      inputCommit: commitment.inputCommit,
      envelopeHash: sha256(envelope),
      keyIds: [enclave.keyId],
      feeUaivm: options.feeUaivm,
      expiryHeight,
    },
  });
  const response = await post(ports, enclave, envelope);
  const answer = checkedAnswer({ response, secrets, commitment, enclave, options, chainId });
  const settled = await sendMessage(client, {
    signer: options.signer,
    name: "aivm.tee.v1.MsgSettlePrivateQuery",
    value: { sender: options.signer.address, receipt: answer.receiptBytes },
  });
  const { queryId } = commitment;
  const { simulated } = enclave.attestation;
  return { ...answer, queryId, enclave, simulated, openTx: opened.tx, settleTx: settled.tx };
}

async function listedEnclave(client: Client, keyId: Uint8Array | undefined): Promise<Enclave> {
  const { enclaves } = await query(client, "tee", "Enclaves")({});
  const found = enclaves.find((enclave) => keyId === undefined || equalBytes(enclave.keyId, keyId));
  if (found !== undefined) return found;
  throw sdkError("SDK_NOT_FOUND", {
    what: "enclave",
    want: keyId === undefined ? "at least one that the chain lists" : `key ${bytesToHex(keyId)}`,
    got: `${enclaves.length} others`,
    remedy: "Start an enclave and register its keys, or name another key.",
  });
}

function commitTo(ports: PrivatePorts, options: PrivateQueryOptions, chainId: string): Commitment {
  const { modelId, input } = options;
  const nonce = readU64be(ports.random(8));
  const queryId = queryIdOf(addressToBytes(options.signer.address), nonce);
  const samplingSeed = ports.random(32);
  const inner = {
    contentType: CONTENT_TENSOR,
    rIn: ports.random(32),
    outSeed: ports.random(32),
    samplingSeed,
    maxUnits: 0,
    input,
  };
  const tensors = inputsFromBytes(options.program, input);
  const root = inputRoot({ tensors, seed: samplingSeed, maxTokens: 0 });
  const inputCommit = inputCommitOf({
    ...inner,
    queryId,
    modelId,
    inputRoot: root,
    chainIdHash: chainIdHashOf(chainId),
  });
  return { inner, queryId, nonce, inputCommit };
}

function seal(
  ports: PrivatePorts,
  query: {
    readonly options: PrivateQueryOptions;
    readonly enclave: VerifiedEnclave;
    readonly commitment: Commitment;
    readonly expiryHeight: bigint;
  },
): { readonly envelope: Uint8Array; readonly secrets: RequestSecrets } {
  const { options, enclave, commitment, expiryHeight } = query;
  const { queryId, inputCommit, inner } = commitment;
  const header = { keyId: enclave.keyId, queryId, modelId: options.modelId, inputCommit, expiryHeight };
  const sealed = sealRequest({ header, inner, kemPub: enclave.config.kemPub, entropy: ports.random(32) });
  if (sealed.ok) return sealed;
  throw unverified("the enclave's public key", `${sealed.code} at ${sealed.at}`);
}

async function post(
  ports: PrivatePorts,
  enclave: VerifiedEnclave,
  envelope: Uint8Array,
): Promise<Uint8Array> {
  const { status, body } = await ports.http.postBytes(`${enclave.endpoint}/v1/query`, envelope);
  if (status === 200) return body;
  throw sdkError("SDK_PRIVATE_REFUSED", {
    what: "private query",
    want: "a sealed response",
    got: `status ${status} ${utf8ToText(body).slice(0, 200)}`,
    remedy: "The fee comes back when the query expires. Ask again with a new query.",
  });
}

function checkedAnswer(query: {
  readonly response: Uint8Array;
  readonly secrets: RequestSecrets;
  readonly commitment: Commitment;
  readonly enclave: VerifiedEnclave;
  readonly options: PrivateQueryOptions;
  readonly chainId: string;
}): Pick<PrivateResult, "outputs" | "output" | "receipt" | "receiptBytes" | "receiptHash"> {
  const { response, secrets, commitment, enclave, options, chainId } = query;
  const { queryId, inputCommit, inner } = commitment;
  const opened = openResponse({ response, secrets, queryId, receiptLength: RECEIPT_LENGTH });
  if (!opened.ok) throw unverified("sealed response", `${opened.code} at ${opened.at}`);
  const { output, rOut, receipt: receiptBytes, status } = opened.inner;
  const signed = verifyReceipt(receiptBytes, enclave.config.sigPub);
  if (!signed.ok) throw unverified("receipt", `${signed.code} at ${signed.at}`);
  const outputs = outputsFromBytes(options.program, output);
  const blinding = outputBlindingOf(inner.outSeed, queryId);
  const matches = matchReceipt(signed.receipt, {
    chainIdHash: chainIdHashOf(chainId),
    queryId,
    keyId: enclave.keyId,
    node: enclave.config.node,
    modelId: options.modelId,
    inputCommit,
    outputCommit: outputCommitOf(queryId, blinding, outputRoot(outputs)),
  });
  if (!matches.ok) throw unverified("receipt", `another ${matches.at}`);
  if (!equalBytes(rOut, blinding)) throw unverified("sealed response", "another blinding");
  if (status !== RECEIPT_OK || signed.receipt.status !== RECEIPT_OK)
    throw unverified("receipt", `status ${status}`);
  return { outputs, output, receipt: signed.receipt, receiptBytes, receiptHash: receiptHash(receiptBytes) };
}

function unverified(what: string, got: string): Error {
  return sdkError("SDK_VERIFY", {
    what,
    want: "one that matches what was asked for",
    got,
    remedy: "Do not use the answer. The fee comes back when the query expires.",
  });
}
