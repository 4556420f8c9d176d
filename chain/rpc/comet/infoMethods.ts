/** Methods about the node, its consensus and its genesis. */
import { utf8 } from "../../../common/bytes.ts";
import { bytesToBase64 } from "../../engine/embedded/base64.ts";
import { BLOCK_PROTOCOL } from "../../engine/embedded/block.ts";
import { COMETBFT_VERSION, P2P_PROTOCOL } from "../../engine/embedded/context.ts";
import { genesisToJson } from "../../engine/embedded/genesis.ts";
import { ed25519Address } from "../../engine/embedded/hash.ts";
import { consensusParamsToJson } from "../../engine/embedded/params.ts";
import { formatTime } from "../../engine/embedded/time.ts";
import type { MethodTable, RpcEnvironment } from "./environment.ts";
import { internalError } from "./errors.ts";
import { hexJson, type JsonObject, pubKeyJson, validatorJson } from "./json.ts";
import { heightArgument, latestHeight, pageOf } from "./paging.ts";

const GENESIS_CHUNK_BYTES = 16 * 1024 * 1024;
/** Channels of CometBFT's reactors; some clients want the member present. */
const CHANNELS = "40202122233038606100";

/** Methods of this file. */
export const infoMethods: MethodTable = {
  health: { args: {}, call: () => ({}) },
  status: { args: {}, call: status },
  net_info: {
    args: {},
    call: () => ({ listening: true, listeners: ["Listener(@)"], n_peers: "0", peers: [] }),
  },
  genesis: {
    args: {},
    call: (environment) => {
      const chunks = genesisChunks(environment);
      if (chunks.length > 1) {
        throw internalError("genesis response is large, please use the genesis_chunked API instead");
      }
      return { genesis: genesisToJson(environment.engine.genesis) };
    },
  },
  genesis_chunked: {
    args: { chunk: "int" },
    call: (environment, args) => {
      const chunks = genesisChunks(environment);
      const index = args.int("chunk") ?? 0n;
      const data = index < 0n ? undefined : chunks[Number(index)];
      if (data === undefined) {
        throw internalError(`there are ${chunks.length} chunks, ${index} is invalid`);
      }
      return { chunk: String(index), total: String(chunks.length), data: bytesToBase64(data) };
    },
  },
  validators: {
    args: { height: "int", page: "int", per_page: "int" },
    call: (environment, args) => {
      const height = heightArgument(environment, args, latestHeight(environment) + 1n);
      const validators = environment.engine.store.validators(height) ?? [];
      const page = pageOf(validators, args);
      return {
        block_height: String(height),
        validators: page.map(validatorJson),
        count: String(page.length),
        total: String(validators.length),
      };
    },
  },
  consensus_params: {
    args: { height: "int" },
    call: (environment, args) => {
      const height = heightArgument(environment, args, latestHeight(environment) + 1n);
      const params = environment.engine.store.params(height);
      if (params === undefined) throw internalError(`no consensus params at height ${height}`);
      return { block_height: String(height), consensus_params: consensusParamsToJson(params) };
    },
  },
  consensus_state: { args: {}, call: (environment) => ({ round_state: roundState(environment) }) },
  dump_consensus_state: {
    args: {},
    call: (environment) => ({ round_state: roundState(environment), peers: [] }),
  },
};

function status(environment: RpcEnvironment): JsonObject {
  const { engine } = environment;
  const { store, validatorPubKey } = engine;
  const latest = store.meta(latestHeight(environment));
  const earliest = store.meta(store.base());
  if (latest === undefined || earliest === undefined) throw internalError("no block yet");
  const power = engine.state().validators[0]?.votingPower ?? 0n;
  return {
    node_info: nodeInfo(environment),
    sync_info: {
      latest_block_hash: hexJson(latest.blockId.hash),
      latest_app_hash: hexJson(latest.header.appHash),
      latest_block_height: String(latest.header.height),
      latest_block_time: formatTime(latest.header.time),
      earliest_block_hash: hexJson(earliest.blockId.hash),
      earliest_app_hash: hexJson(earliest.header.appHash),
      earliest_block_height: String(earliest.header.height),
      earliest_block_time: formatTime(earliest.header.time),
      catching_up: false,
    },
    validator_info: {
      address: hexJson(ed25519Address(validatorPubKey)),
      pub_key: pubKeyJson(validatorPubKey),
      voting_power: String(power),
    },
  };
}

function nodeInfo({ engine, node }: RpcEnvironment): JsonObject {
  return {
    protocol_version: {
      p2p: String(P2P_PROTOCOL),
      block: String(BLOCK_PROTOCOL),
      app: String(engine.state().params.version.app),
    },
    id: node.id,
    listen_addr: node.listenAddress,
    network: engine.genesis.chainId,
    version: COMETBFT_VERSION,
    channels: CHANNELS,
    moniker: node.moniker,
    other: { tx_index: "on", rpc_address: node.rpcAddress },
  };
}

/** Between two blocks: waiting at step 1 of the next height. */
function roundState(environment: RpcEnvironment): JsonObject {
  const { engine } = environment;
  const last = engine.store.meta(latestHeight(environment));
  return {
    "height/round/step": `${latestHeight(environment) + 1n}/0/1`,
    start_time: last === undefined ? null : formatTime(last.header.time),
    proposal_block_hash: "",
    locked_block_hash: "",
    valid_block_hash: "",
    height_vote_set: [],
    proposer: { address: hexJson(ed25519Address(engine.validatorPubKey)), index: 0 },
  };
}

function genesisChunks({ engine }: RpcEnvironment): Uint8Array[] {
  const bytes = utf8(JSON.stringify(genesisToJson(engine.genesis)));
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += GENESIS_CHUNK_BYTES) {
    chunks.push(bytes.subarray(at, at + GENESIS_CHUNK_BYTES));
  }
  return chunks;
}
