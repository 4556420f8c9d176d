/** What the engine knows after a committed block, from which the next header follows (CometBFT state/state.go). */
import type { ResponseFinalizeBlock, ResponseInitChain } from "cosmjs-types/tendermint/abci/types";
import { BlockID, type Header } from "cosmjs-types/tendermint/types/types";
import { ValidatorSet } from "cosmjs-types/tendermint/types/validator";
import { bytesToHex, EMPTY, hexToBytes, utf8, utf8ToText } from "../../../common/bytes.ts";
import { rfc6962Root } from "../../../common/rfc6962.ts";
import type { GenesisDoc } from "./genesis.ts";
import { resultsHash } from "./hash.ts";
import {
  decodeConsensusParams,
  encodeConsensusParams,
  type FullConsensusParams,
  updateConsensusParams,
} from "./params.ts";
import { timestampToNanos } from "./time.ts";
import {
  applyValidatorUpdates,
  createValidator,
  type EngineValidator,
  sortValidators,
} from "./validators.ts";

/** State after block `lastBlockHeight`; 0 = before the first block. */
export interface ChainState {
  readonly chainId: string;
  readonly initialHeight: bigint;
  readonly lastBlockHeight: bigint;
  readonly lastBlockId: BlockID;
  /** Header time of the last block; the genesis time before the first. */
  readonly lastBlockTimeNanos: bigint;
  /** Set of height lastBlockHeight + 1. */
  readonly validators: readonly EngineValidator[];
  /** Set of height lastBlockHeight + 2. */
  readonly nextValidators: readonly EngineValidator[];
  /** Parameters of height lastBlockHeight + 1. */
  readonly params: FullConsensusParams;
  readonly lastResultsHash: Uint8Array;
  /** Application hash after the last block: what the next header carries. */
  readonly appHash: Uint8Array;
}

/** Height of the next block. */
export function nextHeight(state: ChainState): bigint {
  return state.lastBlockHeight === 0n ? state.initialHeight : state.lastBlockHeight + 1n;
}

/** State before the first block, without the application's answer to InitChain. */
export function genesisState(genesis: GenesisDoc): ChainState {
  const validators = sortValidators(genesis.validators);
  return {
    chainId: genesis.chainId,
    initialHeight: genesis.initialHeight,
    lastBlockHeight: 0n,
    lastBlockId: BlockID.fromPartial({}),
    lastBlockTimeNanos: timestampToNanos(genesis.genesisTime),
    validators,
    nextValidators: validators,
    params: genesis.consensusParams,
    lastResultsHash: rfc6962Root([]),
    appHash: genesis.appHash,
  };
}

/** `state` with what the application answered to InitChain: hash, parameters and, when it names any, validators. */
export function stateAfterInitChain(
  state: ChainState,
  answer: { readonly response: ResponseInitChain; readonly appVersion: bigint },
): ChainState {
  const { response, appVersion } = answer;
  const validators =
    response.validators.length > 0 ? applyValidatorUpdates([], response.validators) : state.validators;
  const params = updateConsensusParams(state.params, response.consensusParams);
  const version = response.consensusParams === undefined ? { app: appVersion } : params.version;
  return {
    ...state,
    validators,
    nextValidators: validators,
    params: { ...params, version },
    appHash: response.appHash.length > 0 ? response.appHash : state.appHash,
  };
}

/** State after a block whose execution gave `response`. Validator updates act two heights on, parameters one. */
export function stateAfterBlock(
  state: ChainState,
  block: { readonly header: Header; readonly blockId: BlockID; readonly response: ResponseFinalizeBlock },
): ChainState {
  const { header, blockId, response } = block;
  return {
    ...state,
    lastBlockHeight: header.height,
    lastBlockId: blockId,
    lastBlockTimeNanos: timestampToNanos(header.time),
    validators: state.nextValidators,
    nextValidators: applyValidatorUpdates(state.nextValidators, response.validatorUpdates),
    params: updateConsensusParams(state.params, response.consensusParamUpdates),
    lastResultsHash: resultsHash(response.txResults),
    appHash: response.appHash,
  };
}

/** Bytes of the state for the store. */
export function encodeState(state: ChainState): Uint8Array {
  return utf8(
    JSON.stringify({
      chainId: state.chainId,
      initialHeight: String(state.initialHeight),
      lastBlockHeight: String(state.lastBlockHeight),
      lastBlockId: bytesToHex(BlockID.encode(state.lastBlockId).finish()),
      lastBlockTime: String(state.lastBlockTimeNanos),
      validators: bytesToHex(encodeValidators(state.validators)),
      nextValidators: bytesToHex(encodeValidators(state.nextValidators)),
      params: bytesToHex(encodeConsensusParams(state.params)),
      lastResultsHash: bytesToHex(state.lastResultsHash),
      appHash: bytesToHex(state.appHash),
    }),
  );
}

/** Inverse of `encodeState`. */
export function decodeState(bytes: Uint8Array): ChainState {
  const json: Record<string, string> = JSON.parse(utf8ToText(bytes));
  return {
    chainId: json.chainId ?? "",
    initialHeight: BigInt(json.initialHeight ?? "1"),
    lastBlockHeight: BigInt(json.lastBlockHeight ?? "0"),
    lastBlockId: BlockID.decode(hexToBytes(json.lastBlockId ?? "")),
    lastBlockTimeNanos: BigInt(json.lastBlockTime ?? "0"),
    validators: decodeValidators(hexToBytes(json.validators ?? "")),
    nextValidators: decodeValidators(hexToBytes(json.nextValidators ?? "")),
    params: decodeConsensusParams(hexToBytes(json.params ?? "")),
    lastResultsHash: hexToBytes(json.lastResultsHash ?? ""),
    appHash: hexToBytes(json.appHash ?? ""),
  };
}

/** A validator set as protobuf, in set order. */
export function encodeValidators(validators: readonly EngineValidator[]): Uint8Array {
  return ValidatorSet.encode(
    ValidatorSet.fromPartial({
      validators: validators.map(({ address, pubKey, votingPower }) => ({
        address,
        pubKey: { ed25519: pubKey },
        votingPower,
      })),
    }),
  ).finish();
}

/** Inverse of `encodeValidators`. */
export function decodeValidators(bytes: Uint8Array): EngineValidator[] {
  return ValidatorSet.decode(bytes).validators.map(({ pubKey, votingPower }) =>
    createValidator(pubKey.ed25519 ?? EMPTY, votingPower),
  );
}
