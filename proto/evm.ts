/**
 * Bytes that our chain and the EVM contracts share: ABI words, the request hash and id, the results leaf and tree,
 * and the digest that validators sign. The Solidity side is oracle-relayer/contracts.
 *
 * Everything encoded here is a static type of one 32-byte word: ABI encoding is then plain concatenation.
 */
import { keccak_256 } from "@noble/hashes/sha3.js";
import { concatBytes, utf8 } from "../common/bytes.ts";
import { AivmError } from "../common/errors.ts";
import { buildTree, type MerkleTree, type TreeHasher } from "../common/merkle.ts";

export { ethAddressOf, recoverRootSigner, signRootDigest } from "./evmSignature.ts";

/** What a results leaf says about its request. */
export const RESULT_PROVISIONAL = 1;
export const RESULT_FINAL = 2;
export const RESULT_EXPIRED = 3;

/** Finality tiers: flags, so that a result may carry several and a request may ask for several. */
export const TIER_EARLY = 1;
export const TIER_KOFN = 2;
export const TIER_TEE = 4;
export const TIER_OPTIMISTIC_FINAL = 8;
export const TIER_ZK = 16;

/** keccak-256 of the concatenation of `parts`; 32 bytes. */
export function keccak256(...parts: readonly Uint8Array[]): Uint8Array {
  return keccak_256(parts.length === 1 && parts[0] !== undefined ? parts[0] : concatBytes(...parts));
}

/** Domains: keccak256("aivm/x/1"). */
export const DOMAIN_REQ: Uint8Array = keccak256(utf8("aivm/req/1"));
export const DOMAIN_RES: Uint8Array = keccak256(utf8("aivm/res/1"));
export const ROOT_TYPE: Uint8Array = keccak256(utf8("aivm/root/1"));
export const DOMAIN_SET: Uint8Array = keccak256(utf8("aivm/set/1"));
const DOMAIN_TYPE: Uint8Array = keccak256(utf8("aivm/domain/1"));
const DOMAIN_NAME: Uint8Array = keccak256(utf8("aivm"));
const DOMAIN_VERSION: Uint8Array = keccak256(utf8("1"));

const LEAF_PREFIX = new Uint8Array([0]);
const NODE_PREFIX = new Uint8Array([1]);
const SIGNED_PREFIX = new Uint8Array([0x19, 0x01]);

/** keccak-256 with the prefixes of our trees: the hasher of the results tree. */
export const keccakTree: TreeHasher = {
  leaf: (item) => keccak256(LEAF_PREFIX, item),
  node: (left, right) => keccak256(NODE_PREFIX, left, right),
  empty: () => keccak256(),
};

/** A request made through the oracle contract, as its `InferenceRequested` event tells it. */
export interface EvmRequest {
  /** 20 bytes: who called the oracle. */
  readonly requester: Uint8Array;
  /** 32 bytes. */
  readonly modelId: Uint8Array;
  readonly input: Uint8Array;
  /** 20 bytes; zero for no callback. */
  readonly callbackContract: Uint8Array;
  /** u64: gas of the callback; zero exactly when there is none. */
  readonly gasLimit: bigint;
  readonly callbackData: Uint8Array;
  /** u256, wei: everything the requester paid in. */
  readonly maxFee: bigint;
  /** u8: tier flags asked for. */
  readonly tier: number;
  /** u64, seconds: the least challenge window asked for; 0 = the chain's own. */
  readonly window: bigint;
  /** u64, Unix seconds: a result that became final later than this does not count. */
  readonly deadline: bigint;
  /** u32, bytes: the longest output that the requester takes. */
  readonly maxOutput: number;
  /** 20 bytes: who is credited with what is left of maxFee. */
  readonly refundTo: Uint8Array;
}

/** What validators attest about one request from an EVM chain. */
export interface ResultLeaf {
  readonly dstChainId: bigint;
  /** 20 bytes: the oracle contract. */
  readonly oracle: Uint8Array;
  /** 32 bytes: the EVM's own request id. */
  readonly requestId: Uint8Array;
  /** 32 bytes: evmRequestHash. */
  readonly requestHash: Uint8Array;
  /** RESULT_PROVISIONAL, RESULT_FINAL or RESULT_EXPIRED. */
  readonly status: number;
  /** 32 bytes: keccak256(output); of the empty string when EXPIRED; zero for an output by root. */
  readonly outputHash: Uint8Array;
  /** 32 bytes: SHA-256 root of the output's tensors; zero when EXPIRED. */
  readonly outputRoot: Uint8Array;
  /** 32 bytes. */
  readonly modelId: Uint8Array;
  /** u8: tier flags that the result has. */
  readonly tier: number;
  /** 20 bytes: EVM address that gets the work fee; zero when EXPIRED. */
  readonly payee: Uint8Array;
  /** u64, Unix seconds: the request's own deadline. */
  readonly deadline: bigint;
  /** u64: height of our chain at which the status was reached. */
  readonly finalHeight: bigint;
}

/** A results root as validators sign it. */
export interface AttestedRoot {
  /** 32 bytes: hash of the chain's genesis. */
  readonly genesisHash: Uint8Array;
  /** u64: number of the validator set that signs. */
  readonly setId: bigint;
  /** u64: height of the block that carries the root. */
  readonly rootHeight: bigint;
  /** 32 bytes. */
  readonly root: Uint8Array;
}

/** paramsHash = requestHash of a request: 32 bytes. The contracts hash the same fields in the same order. */
export function evmRequestHash(request: EvmRequest): Uint8Array {
  return keccak256(
    addressWord(request.requester),
    bytes32Word(request.modelId),
    keccak256(request.input),
    addressWord(request.callbackContract),
    uintWord(request.gasLimit, 64),
    keccak256(request.callbackData),
    uintWord(request.maxFee, 256),
    uintWord(BigInt(request.tier), 8),
    uintWord(request.window, 64),
    uintWord(request.deadline, 64),
    uintWord(BigInt(request.maxOutput), 32),
    addressWord(request.refundTo),
  );
}

/** Id that the oracle contract gives a request: 32 bytes. `nonce` counts the oracle's requests from 0. */
export function evmRequestId(origin: {
  readonly chainId: bigint;
  readonly oracle: Uint8Array;
  readonly deploySalt: Uint8Array;
  readonly nonce: bigint;
  readonly paramsHash: Uint8Array;
}): Uint8Array {
  return keccak256(
    DOMAIN_REQ,
    uintWord(origin.chainId, 256),
    addressWord(origin.oracle),
    bytes32Word(origin.deploySalt),
    uintWord(origin.nonce, 256),
    bytes32Word(origin.paramsHash),
  );
}

/** abi.encode of a leaf: 13 words, hashed after 0x00 by `keccakTree.leaf`. @throws PROTO_EVM_WORD on a field out of range. */
export function resultLeafBytes(leaf: ResultLeaf): Uint8Array {
  return concatBytes(
    DOMAIN_RES,
    uintWord(leaf.dstChainId, 256),
    addressWord(leaf.oracle),
    bytes32Word(leaf.requestId),
    bytes32Word(leaf.requestHash),
    uintWord(BigInt(leaf.status), 8),
    bytes32Word(leaf.outputHash),
    bytes32Word(leaf.outputRoot),
    bytes32Word(leaf.modelId),
    uintWord(BigInt(leaf.tier), 8),
    addressWord(leaf.payee),
    uintWord(leaf.deadline, 64),
    uintWord(leaf.finalHeight, 64),
  );
}

/** The results tree of one block, in the order given; `treePath` of common/merkle.ts opens a leaf of it. */
export function resultsTree(leaves: readonly ResultLeaf[]): MerkleTree {
  return buildTree(leaves.map(resultLeafBytes), keccakTree);
}

/** EIP-712-shaped domain separator: abi.encode(keccak256("aivm/domain/1"), keccak256("aivm"), keccak256("1"), genesisHash). */
export function domainSeparator(genesisHash: Uint8Array): Uint8Array {
  return keccak256(DOMAIN_TYPE, DOMAIN_NAME, DOMAIN_VERSION, bytes32Word(genesisHash));
}

/** What a validator signs for a results root: 32 bytes. One signature serves every destination chain. */
export function rootDigest(attested: AttestedRoot): Uint8Array {
  const body = keccak256(
    ROOT_TYPE,
    uintWord(attested.setId, 64),
    uintWord(attested.rootHeight, 64),
    bytes32Word(attested.root),
  );
  return keccak256(SIGNED_PREFIX, domainSeparator(attested.genesisHash), body);
}

/** An unsigned integer of `bits` bits as a 32-byte word, big-endian. @throws PROTO_EVM_WORD out of range. */
export function uintWord(value: bigint, bits: number): Uint8Array {
  if (value < 0n || value >> BigInt(bits) !== 0n) throw wordError(`a uint${bits}`, value.toString());
  const word = new Uint8Array(32);
  let rest = value;
  for (let i = 31; rest !== 0n; i--) {
    word[i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return word;
}

/** A 20-byte address, left-padded to a word. @throws PROTO_EVM_WORD on another length. */
export function addressWord(address: Uint8Array): Uint8Array {
  if (address.length !== 20) throw wordError("an address of 20 bytes", `${address.length} bytes`);
  const word = new Uint8Array(32);
  word.set(address, 12);
  return word;
}

/** 32 bytes as they are. @throws PROTO_EVM_WORD on another length. */
export function bytes32Word(bytes: Uint8Array): Uint8Array {
  if (bytes.length !== 32) throw wordError("32 bytes", `${bytes.length} bytes`);
  return bytes;
}

function wordError(want: string, got: string): AivmError {
  return new AivmError("PROTO_EVM_WORD", {
    what: "ABI word",
    want,
    got,
    remedy: "pass the value in the range of its Solidity type",
  });
}
