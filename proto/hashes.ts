/**
 * Byte strings that more than one part hashes: ids and commitments of the chain's life cycles. Every function returns
 * 32 bytes unless it says otherwise.
 */
import { concatBytes, sha256, taggedHash, u32be, u64be, utf8 } from "../common/index.ts";

/** Id of a request made on this chain: H("aivm/request" || chain id || u64be(sequence)). */
export function requestIdOf(chainId: string, sequence: bigint): Uint8Array {
  return taggedHash("aivm/request", utf8(chainId), u64be(sequence));
}

/** Id of a request that came from an EVM chain. `oracle` 20 bytes, the others 32. It has no block data, so that a
 * request that is mined again after a reorganisation keeps its id. */
export function evmOriginRequestId(origin: {
  readonly evmChainId: bigint;
  readonly oracle: Uint8Array;
  readonly evmRequestId: Uint8Array;
  readonly requestHash: Uint8Array;
}): Uint8Array {
  return taggedHash(
    "aivm/request/evm",
    u64be(origin.evmChainId),
    origin.oracle,
    origin.evmRequestId,
    origin.requestHash,
  );
}

/** Commitment to a result: H(request id || runner 20 || salt 32 || output root). */
export function resultCommitment(parts: {
  readonly requestId: Uint8Array;
  readonly runner: Uint8Array;
  readonly salt: Uint8Array;
  readonly outputRoot: Uint8Array;
}): Uint8Array {
  return sha256(parts.requestId, parts.runner, parts.salt, parts.outputRoot);
}

/** Commitment to a rival claim: H("aivm/join" || request id || output root || trace root || signer 20 || salt 32). */
export function joinCommitment(parts: {
  readonly requestId: Uint8Array;
  readonly outputRoot: Uint8Array;
  readonly traceRoot: Uint8Array;
  readonly signer: Uint8Array;
  readonly salt: Uint8Array;
}): Uint8Array {
  return taggedHash(
    "aivm/join",
    parts.requestId,
    parts.outputRoot,
    parts.traceRoot,
    parts.signer,
    parts.salt,
  );
}

/** Seed that the chain gives a request whose requester named none: H(request id || hash of the accepting block). */
export function defaultSeed(requestId: Uint8Array, blockHash: Uint8Array): Uint8Array {
  return sha256(requestId, blockHash);
}

/** Draw of the weight chunk that a runner must open: H("aivm/leaf" || model id || runner 20 || block hash). */
export function leafDraw(parts: {
  readonly modelId: Uint8Array;
  readonly runner: Uint8Array;
  readonly blockHash: Uint8Array;
}): Uint8Array {
  return taggedHash("aivm/leaf", parts.modelId, parts.runner, parts.blockHash);
}

/** A draw as an index below `count` (1 <= count < 2^32): its first eight bytes modulo `count`. */
export function drawIndex(draw: Uint8Array, count: number): number {
  let value = 0n;
  for (const byte of draw.subarray(0, 8)) value = value * 256n + BigInt(byte);
  return Number(value % BigInt(count));
}

/** Bytes of one item of a trace tree or of an input or output tree: u32be(index) || root. */
export function indexedRoot(index: number, root: Uint8Array): Uint8Array {
  return concatBytes(u32be(index), root);
}
