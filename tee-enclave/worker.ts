/**
 * The enclave's inside: opens requests, runs models, signs receipts, seals responses. It keeps no plaintext, writes no
 * log, and takes entropy, heights and models from outside through ports. The state is owned by one worker and lives as
 * long as its keys: a restart makes new keys, so a rollback can not re-open a query.
 */
import nacl from "tweetnacl";
import { bytesToHex, equalBytes, sha256, treeRoot, u32be, utf8 } from "../common/index.ts";
import { inputCommitOf, outputBlindingOf, outputCommitOf } from "./session/commitments.ts";
import {
  CONTENT_TENSOR,
  type InnerRequest,
  openRequest,
  type ParsedEnvelope,
  parseEnvelope,
  sealResponse,
} from "./session/envelope.ts";
import { chainIdHashOf, encodeKeyConfig, type KeyConfig, keyIdOf, SUITE_NACL } from "./session/keyConfig.ts";
import { bucketUnits, RECEIPT_OK, receiptHash, signReceipt } from "./session/receipt.ts";

/** A model as the enclave needs it: the VM behind a narrow port. */
export interface EnclaveModel {
  readonly modelId: Uint8Array;
  readonly weightsRoot: Uint8Array;
  readonly maxOutputBytes: number;
  /** Root that the request commits to, or undefined when `input` is not the bytes of the model's input tensors. */
  inputRoot(options: {
    readonly input: Uint8Array;
    readonly seed: Uint8Array;
    readonly maxUnits: number;
  }): Uint8Array | undefined;
  run(
    input: Uint8Array,
  ): Promise<{ readonly output: Uint8Array; readonly outputRoot: Uint8Array; readonly gas: bigint }>;
}

/** What a worker is made of. */
export interface WorkerOptions {
  readonly chainId: string;
  /** Operator's account address, 20 bytes. */
  readonly node: Uint8Array;
  readonly instance: bigint;
  readonly models: readonly EnclaveModel[];
  readonly vmVersion: string;
  readonly policyId: Uint8Array;
  /** First and last height that the keys are for. */
  readonly notBefore: bigint;
  readonly notAfter: bigint;
  /** Fresh random bytes of the enclave itself. */
  readonly entropy: (length: number) => Uint8Array;
}

/** A running enclave. */
export interface EnclaveWorker {
  readonly keyConfig: Uint8Array;
  readonly keyId: Uint8Array;
  /** Answers one envelope at the chain height that the host reports; the worker never lets that height fall. */
  handle(envelope: Uint8Array, height: bigint): Promise<WorkerAnswer>;
}

/** A sealed response, or a refusal that says nothing of the plaintext. `signature` (Ed25519) covers code and envelope hash. */
export type WorkerAnswer =
  | { readonly ok: true; readonly response: Uint8Array }
  | {
      readonly ok: false;
      readonly code: string;
      readonly envelopeHash: Uint8Array;
      readonly signature: Uint8Array;
    };

/** Queries that one key may answer: bounds the replay set. */
const MAX_QUERIES_PER_KEY = 1_000_000;

interface WorkerState {
  readonly options: WorkerOptions;
  readonly keyConfig: KeyConfig;
  readonly keyId: Uint8Array;
  readonly sign: nacl.SignKeyPair;
  readonly kem: nacl.BoxKeyPair;
  readonly models: ReadonlyMap<string, EnclaveModel>;
  readonly seen: Set<string>;
  height: bigint;
  counter: bigint;
  prevReceiptHash: Uint8Array;
}

/** Makes the enclave's keys and its worker. */
export function createWorker(options: WorkerOptions): EnclaveWorker {
  const sign = nacl.sign.keyPair.fromSeed(options.entropy(32));
  const kem = nacl.box.keyPair.fromSecretKey(options.entropy(32));
  const config: KeyConfig = {
    chainIdHash: chainIdHashOf(options.chainId),
    node: options.node,
    instance: options.instance,
    epoch: 0n,
    notBefore: options.notBefore,
    notAfter: options.notAfter,
    suites: [SUITE_NACL],
    kemPub: kem.publicKey,
    sigPub: sign.publicKey,
    modelSetRoot: treeRoot(options.models.map((model) => model.modelId)),
    vmVersionHash: sha256(utf8(options.vmVersion)),
    policyId: options.policyId,
  };
  const keyConfig = encodeKeyConfig(config);
  const state: WorkerState = {
    options,
    keyConfig: config,
    keyId: keyIdOf(keyConfig),
    sign,
    kem,
    models: new Map(options.models.map((model) => [bytesToHex(model.modelId), model])),
    seen: new Set(),
    height: options.notBefore,
    counter: 0n,
    prevReceiptHash: new Uint8Array(32),
  };
  return { keyConfig, keyId: state.keyId, handle: (envelope, height) => handle(state, envelope, height) };
}

async function handle(state: WorkerState, envelope: Uint8Array, height: bigint): Promise<WorkerAnswer> {
  if (height > state.height) state.height = height;
  const refuse = (code: string): WorkerAnswer => refusal(state, envelope, code);
  const form = parseEnvelope(envelope);
  if (!form.ok) return refuse(form.code);
  const { parsed } = form;
  const refused = refuseHeader(state, parsed);
  if (refused !== undefined) return refuse(refused);
  const opened = openRequest(parsed, state.kem);
  if (!opened.ok) return refuse(opened.code === "TEE_BAD_CIPHERTEXT" ? "BAD_CIPHERTEXT" : opened.code);
  const model = state.models.get(bytesToHex(parsed.header.modelId));
  if (model === undefined) return refuse("TEE_UNKNOWN_MODEL");
  if (!commitmentHolds(state, { parsed, inner: opened.inner, model })) return refuse("TEE_INPUT_COMMIT");
  const query = bytesToHex(parsed.header.queryId);
  if (state.seen.size >= MAX_QUERIES_PER_KEY) return refuse("TEE_KEY_EXHAUSTED");
  // Marked before the run: a query that is being answered is already used up.
  state.seen.add(query);
  return answer(state, { parsed, inner: opened.inner, shared: opened.shared, model });
}

function refuseHeader(state: WorkerState, parsed: ParsedEnvelope): string | undefined {
  const { header } = parsed;
  if (!equalBytes(header.keyId, state.keyId)) return "TEE_WRONG_KEY";
  if (state.height > state.keyConfig.notAfter) return "TEE_KEY_EXPIRED";
  if (state.height > header.expiryHeight) return "TEE_QUERY_EXPIRED";
  if (state.seen.has(bytesToHex(header.queryId))) return "TEE_QUERY_REPLAYED";
  return undefined;
}

function commitmentHolds(
  state: WorkerState,
  query: { readonly parsed: ParsedEnvelope; readonly inner: InnerRequest; readonly model: EnclaveModel },
): boolean {
  const { parsed, inner, model } = query;
  if (inner.contentType !== CONTENT_TENSOR) return false;
  const inputRoot = model.inputRoot({
    input: inner.input,
    seed: inner.samplingSeed,
    maxUnits: inner.maxUnits,
  });
  if (inputRoot === undefined) return false;
  const { queryId, modelId } = parsed.header;
  const commit = inputCommitOf({
    ...inner,
    queryId,
    modelId,
    inputRoot,
    chainIdHash: state.keyConfig.chainIdHash,
  });
  return equalBytes(commit, parsed.header.inputCommit);
}

async function answer(
  state: WorkerState,
  query: {
    readonly parsed: ParsedEnvelope;
    readonly inner: InnerRequest;
    readonly shared: Uint8Array;
    readonly model: EnclaveModel;
  },
): Promise<WorkerAnswer> {
  const { parsed, inner, shared, model } = query;
  const { queryId, modelId, inputCommit } = parsed.header;
  const run = await model.run(inner.input);
  const rOut = outputBlindingOf(inner.outSeed, queryId);
  state.counter += 1n;
  const receipt = signReceipt(
    {
      chainIdHash: state.keyConfig.chainIdHash,
      queryId,
      keyId: state.keyId,
      node: state.options.node,
      modelId,
      weightsRoot: model.weightsRoot,
      vmVersionHash: state.keyConfig.vmVersionHash,
      inputCommit,
      outputCommit: outputCommitOf(queryId, rOut, run.outputRoot),
      traceRoot: new Uint8Array(32),
      units: bucketUnits(kiloGas(run.gas)),
      status: RECEIPT_OK,
      height: state.height,
      counter: state.counter,
      prevReceiptHash: state.prevReceiptHash,
    },
    state.sign.secretKey,
  );
  state.prevReceiptHash = receiptHash(receipt);
  const response = sealResponse({
    parsed,
    shared,
    inner: { status: RECEIPT_OK, output: run.output, rOut, receipt },
    maxOutputBytes: model.maxOutputBytes,
    entropy: state.options.entropy(64),
  });
  return { ok: true, response };
}

/** Receipts count work in thousands of vmGas, capped so that the power-of-two bucket fits 32 bits. */
function kiloGas(gas: bigint): number {
  const units = (gas + 999n) / 1000n;
  return units > 2n ** 31n ? 2 ** 31 : Number(units);
}

function refusal(state: WorkerState, envelope: Uint8Array, code: string): WorkerAnswer {
  const envelopeHash = sha256(envelope);
  return {
    ok: false,
    code,
    envelopeHash,
    signature: nacl.sign.detached(refusalBytes(code, envelopeHash), state.sign.secretKey),
  };
}

/** What a refusal's signature covers. */
export function refusalBytes(code: string, envelopeHash: Uint8Array): Uint8Array {
  return sha256(utf8("aivmq1/refusal"), u32be(code.length), utf8(code), envelopeHash);
}
