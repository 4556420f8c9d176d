/** From our types to the arguments of `AivmOracle.deliver`, and back from its logs. */
import type { Address, Hex } from "viem";
import { bytesToHex, concatBytes, hexToBytes } from "../../common/bytes.ts";
import { type EvmRequest, keccak256 } from "../../proto/evm.ts";
import type { Delivery } from "../ports.ts";

/** `Request` of the contract. */
export interface RequestTuple {
  readonly requester: Address;
  readonly modelId: Hex;
  readonly inputHash: Hex;
  readonly callbackContract: Address;
  readonly gasLimit: bigint;
  readonly callbackDataHash: Hex;
  readonly maxFee: bigint;
  readonly tier: number;
  readonly window: bigint;
  readonly deadline: bigint;
  readonly maxOutput: number;
  readonly refundTo: Address;
}

/** `Proof` of the contract. */
export interface ProofTuple {
  readonly setId: bigint;
  readonly rootHeight: bigint;
  readonly root: Hex;
  readonly bitmap: bigint;
  readonly signatures: Hex;
  readonly index: bigint;
  readonly path: readonly Hex[];
}

/** `Result` of the contract. */
export interface ResultTuple {
  readonly requestId: bigint;
  readonly status: number;
  readonly outputRoot: Hex;
  readonly tier: number;
  readonly payee: Address;
  readonly finalHeight: bigint;
  readonly output: Hex;
}

/** Bytes as 0x-prefixed hexadecimal. */
export function hexOf(bytes: Uint8Array): Hex {
  return `0x${bytesToHex(bytes)}`;
}

/** A request as the contract hashes it. */
export function requestTuple(request: EvmRequest): RequestTuple {
  return {
    requester: hexOf(request.requester),
    modelId: hexOf(request.modelId),
    inputHash: hexOf(keccak256(request.input)),
    callbackContract: hexOf(request.callbackContract),
    gasLimit: request.gasLimit,
    callbackDataHash: hexOf(keccak256(request.callbackData)),
    maxFee: request.maxFee,
    tier: request.tier,
    window: request.window,
    deadline: request.deadline,
    maxOutput: request.maxOutput,
    refundTo: hexOf(request.refundTo),
  };
}

/** A request from the fields of its `InferenceRequested` log. */
export function requestFromLog(fields: {
  readonly request: RequestTuple;
  readonly input: Hex;
  readonly callbackData: Hex;
}): EvmRequest {
  const { request } = fields;
  return {
    requester: hexToBytes(request.requester),
    modelId: hexToBytes(request.modelId),
    input: hexToBytes(fields.input),
    callbackContract: hexToBytes(request.callbackContract),
    gasLimit: request.gasLimit,
    callbackData: hexToBytes(fields.callbackData),
    maxFee: request.maxFee,
    tier: request.tier,
    window: request.window,
    deadline: request.deadline,
    maxOutput: request.maxOutput,
    refundTo: hexToBytes(request.refundTo),
  };
}

/** The four arguments of `deliver`. */
export function deliverArgs(delivery: Delivery): readonly [ProofTuple, RequestTuple, Hex, ResultTuple] {
  const { request, proof } = delivery;
  const { leaf } = proof;
  return [
    {
      setId: proof.setId,
      rootHeight: proof.rootHeight,
      root: hexOf(proof.root),
      bitmap: proof.bitmap,
      signatures: hexOf(concatBytes(...proof.signatures)),
      index: BigInt(proof.index),
      path: proof.path.map(hexOf),
    },
    requestTuple(request),
    hexOf(request.callbackData),
    {
      requestId: BigInt(hexOf(leaf.requestId)),
      status: leaf.status,
      outputRoot: hexOf(leaf.outputRoot),
      tier: leaf.tier,
      payee: hexOf(leaf.payee),
      finalHeight: leaf.finalHeight,
      output: hexOf(proof.output),
    },
  ];
}
