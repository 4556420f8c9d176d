/** What the application itself remembers between blocks: the chain's identity, its limits, the last block. */
import { RequestInitChain } from "cosmjs-types/tendermint/abci/types";
import { bytesToHex, readU64be, sha256, u64be, utf8, utf8ToText } from "../common/index.ts";
import type { BlockFacts } from "./runTx.ts";
import type { RawStore } from "./store/overlay.ts";
import { unixMillis } from "./time.ts";

/** Bulk store of these records. */
export const BASE = "base";

const CHAIN_ID = utf8("chainId");
const GENESIS_HASH = utf8("genesisHash");
const TIME_MS = utf8("timeMs");
const BLOCK_HASH = utf8("blockHash");
const GENESIS = utf8("genesis");
const ZERO_32 = new Uint8Array(32);

/** What genesis fixes besides the modules' state. */
export interface ChainFacts {
  readonly chainId: string;
  /** Most gas of a block; 0 or negative = no limit. */
  readonly maxBlockGas: bigint;
  /** ed25519 consensus keys by lower-case hex of their address. */
  readonly validatorKeys: ReadonlyMap<string, Uint8Array>;
}

/** Records genesis and returns the block facts under which modules read it. */
export function writeGenesis(base: RawStore, request: RequestInitChain): BlockFacts {
  const genesisHash = sha256(utf8(request.chainId), request.appStateBytes);
  const timeMs = unixMillis(request.time);
  base.set(GENESIS_HASH, genesisHash);
  base.set(CHAIN_ID, utf8(request.chainId));
  base.set(TIME_MS, u64be(timeMs));
  // The application's state is in the modules' stores; what is left is small.
  const kept = RequestInitChain.fromPartial({ ...request, appStateBytes: new Uint8Array() });
  base.set(GENESIS, RequestInitChain.encode(kept).finish());
  const { chainId } = request;
  return { chainId, genesisHash, height: 0n, timeMs, blockHash: ZERO_32, proposer: new Uint8Array() };
}

/** Records the block whose changes are being committed. */
export function writeBlock(base: RawStore, block: BlockFacts): void {
  base.set(TIME_MS, u64be(block.timeMs));
  base.set(BLOCK_HASH, block.blockHash);
}

/** The last recorded block, at `height`. */
export function readBlock(base: RawStore, height: bigint): BlockFacts {
  return {
    chainId: utf8ToText(base.get(CHAIN_ID) ?? new Uint8Array()),
    genesisHash: base.get(GENESIS_HASH) ?? ZERO_32,
    height,
    timeMs: readU64be(base.get(TIME_MS) ?? new Uint8Array(8)),
    blockHash: base.get(BLOCK_HASH) ?? ZERO_32,
    proposer: new Uint8Array(),
  };
}

/** What genesis fixed. */
export function readChainFacts(base: RawStore): ChainFacts {
  const genesis = RequestInitChain.decode(base.get(GENESIS) ?? new Uint8Array());
  const keys = genesis.validators.flatMap(({ pubKey }) =>
    pubKey.ed25519 === undefined ? [] : [pubKey.ed25519],
  );
  return {
    chainId: genesis.chainId,
    maxBlockGas: genesis.consensusParams?.block?.maxGas ?? 0n,
    validatorKeys: new Map(keys.map((key) => [bytesToHex(sha256(key).slice(0, 20)), key])),
  };
}
