/**
 * What the relayer needs of the world. Two chains, a place to remember, a clock and a log; `io/` implements them.
 */
import type { EvmRequest, ResultLeaf } from "../proto/evm.ts";
import type { RelayerState } from "./core/state.ts";

/** A block of the EVM chain. */
export interface EvmBlock {
  readonly number: bigint;
  /** 32 bytes. */
  readonly hash: Uint8Array;
}

/** One `InferenceRequested` log. */
export interface RequestLog {
  /** 32 bytes: the id that the contract gave. */
  readonly evmRequestId: Uint8Array;
  /** 32 bytes: paramsHash, recomputed from the log's own fields. */
  readonly requestHash: Uint8Array;
  readonly blockNumber: bigint;
  /** 32 bytes. */
  readonly blockHash: Uint8Array;
  readonly request: EvmRequest;
}

/** Proof of a result, as the aivm chain gives it once more than 2/3 of the attesters' power has signed. */
export interface ResultProof {
  readonly leaf: ResultLeaf;
  /** The output's bytes; empty when EXPIRED. */
  readonly output: Uint8Array;
  /** 32 bytes. */
  readonly root: Uint8Array;
  readonly rootHeight: bigint;
  /** Position of the leaf in the results tree. */
  readonly index: number;
  /** Sibling hashes, 32 bytes each, from the leaf up. */
  readonly path: readonly Uint8Array[];
  readonly setId: bigint;
  /** Bit i set: the i-th signer of the set, by ascending address, signed. */
  readonly bitmap: bigint;
  /** 64 bytes each, in the bitmap's order. */
  readonly signatures: readonly Uint8Array[];
}

/** Everything that `AivmOracle.deliver` takes. */
export interface Delivery {
  readonly request: EvmRequest;
  readonly proof: ResultProof;
}

/** Wei per gas of an EIP-1559 transaction. */
export interface Fees {
  readonly maxFeePerGas: bigint;
  readonly maxPriorityFeePerGas: bigint;
}

/** A signed transaction, not yet sent: it is remembered first. */
export interface SignedTx {
  /** 32 bytes. */
  readonly hash: Uint8Array;
  readonly raw: Uint8Array;
  readonly nonce: number;
  readonly fees: Fees;
  readonly gas: bigint;
}

/** Whether a delivery would succeed now. `permanent`: no later attempt with the same proof can. */
export type Simulation =
  | { readonly ok: true; readonly gas: bigint }
  | { readonly ok: false; readonly error: string; readonly permanent: boolean };

/** The fate of a transaction that is in a block. */
export interface TxReceipt {
  readonly succeeded: boolean;
  readonly blockNumber: bigint;
  readonly blockHash: Uint8Array;
}

/** The EVM chain, seen through one oracle contract and one sender. */
export interface EvmPort {
  readonly chainId: bigint;
  /** 20 bytes. */
  readonly oracle: Uint8Array;
  latestBlock(): Promise<EvmBlock>;
  /** Undefined when the chain is not that long. */
  blockHashAt(blockNumber: bigint): Promise<Uint8Array | undefined>;
  /** Requests of the oracle in [fromBlock, toBlock], in chain order. */
  requestLogs(range: { readonly fromBlock: bigint; readonly toBlock: bigint }): Promise<RequestLog[]>;
  /** Status byte of the oracle's slot (core/abi.ts STATUS_*), at the latest block. */
  requestStatus(evmRequestId: Uint8Array): Promise<number>;
  /** Dry run of a delivery against the latest block, or what the node knows to come after it. */
  simulateDelivery(delivery: Delivery): Promise<Simulation>;
  /** Transactions of the sender that are in blocks: the next nonce that the chain wants. */
  senderNonce(): Promise<number>;
  /** What a transaction should pay to get in soon. */
  suggestedFees(): Promise<Fees>;
  /** Signs a delivery; sends nothing. Deterministic in its arguments. */
  signDelivery(order: {
    readonly delivery: Delivery;
    readonly nonce: number;
    readonly fees: Fees;
    readonly gas: bigint;
  }): Promise<SignedTx>;
  /** Hands a transaction to the node. One that the node has or has mined already is no error. */
  broadcast(raw: Uint8Array): Promise<void>;
  /** Undefined while it is in no block. */
  receipt(txHash: Uint8Array): Promise<TxReceipt | undefined>;
}

/** What is told to the aivm chain about an EVM request. */
export interface Observation {
  readonly evmChainId: bigint;
  /** 20 bytes. */
  readonly oracle: Uint8Array;
  /** 32 bytes. */
  readonly evmRequestId: Uint8Array;
  /** 32 bytes. */
  readonly requestHash: Uint8Array;
  /** 32 bytes. */
  readonly blockHash: Uint8Array;
  readonly blockNumber: bigint;
  readonly request: EvmRequest;
}

/** The aivm chain. */
export interface ChainPort {
  /**
   * States that an EVM chain holds a request. Saying it again is no error.
   * @returns the request's id on the aivm chain (32 bytes), whether or not enough observers have said so yet
   */
  observeRequest(observation: Observation): Promise<{ readonly requestId: Uint8Array }>;
  /** Proof of a request's result by its id on the aivm chain; undefined until it is attested. */
  resultProof(requestId: Uint8Array): Promise<ResultProof | undefined>;
  latestHeight(): Promise<bigint>;
}

/** Where the relayer's state survives a crash. `save` is atomic: after a crash the old or the new state is read. */
export interface StorePort {
  load(): Promise<RelayerState | undefined>;
  save(state: RelayerState): Promise<void>;
}

/** Time. */
export interface Clock {
  nowMs(): number;
  /** Resolves after `ms`, or at once when `signal` aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** One line of structured log. Never a key. */
export type Log = (event: string, data?: Readonly<Record<string, unknown>>) => void;
