/** app_state of a new network: money, parameters of a devnet or of a test network, who attests, which contracts are served, the simulated enclave's root. */
import { BASE_DENOM, compareBytes } from "../../common/index.ts";
import { ethAddressOf } from "../../proto/evm.ts";
import { DEFAULT_DISPUTE_PARAMS, DEVNET_DISPUTE_PARAMS, type DisputeParams } from "./dispute/params.ts";
import { type Json, toGenesisJson } from "./genesisJson.ts";
import {
  DEFAULT_INFERENCE_PARAMS,
  DEVNET_INFERENCE_PARAMS,
  type InferenceParams,
} from "./inference/params.ts";
import { DEFAULT_MODEL_PARAMS, DEVNET_MODEL_PARAMS, type ModelParams } from "./model/params.ts";
import { DEFAULT_ORACLE_PARAMS } from "./oracle/params.ts";
import type { Destination } from "./oracle/view.ts";
import { DEFAULT_RUNNER_PARAMS, DEVNET_RUNNER_PARAMS, type RunnerParams } from "./runner/params.ts";
import { DEFAULT_TEE_PARAMS, type TeeParams } from "./tee/params.ts";

/** A validator that attests results. */
interface GenesisAttester {
  /** Consensus address, 20 bytes. */
  readonly validator: Uint8Array;
  /** secp256k1, 33 bytes. */
  readonly publicKey: Uint8Array;
  readonly power: bigint;
  /** Account that reports requests of EVM chains. */
  readonly observer: string;
}

/** What a network starts with. Parameters that are left out have the network's own values. */
export interface DevnetGenesis {
  readonly balances: readonly { readonly address: string; readonly amountUaivm: bigint }[];
  readonly attesters: readonly GenesisAttester[];
  /** Account that may add contracts; empty = nobody. */
  readonly authority?: string;
  readonly destinations?: readonly Destination[];
  /** Simulated enclaves are accepted under this root (Ed25519, 32 bytes), running this code. */
  readonly mockTee?: { readonly root: Uint8Array; readonly measurements: readonly Uint8Array[] };
  readonly model?: Partial<ModelParams>;
  readonly runner?: Partial<RunnerParams>;
  readonly inference?: Partial<InferenceParams>;
  readonly tee?: Partial<TeeParams>;
  /** Part of module dispute, in its own JSON form. */
  readonly dispute?: Json;
}

interface NetworkParams {
  readonly model: ModelParams;
  readonly runner: RunnerParams;
  readonly inference: InferenceParams;
  readonly dispute: DisputeParams;
}

/** app_state of a devnet, ready for JSON.stringify. */
export function devnetAppState(genesis: DevnetGenesis): Readonly<Record<string, Json>> {
  return appStateOf(genesis, {
    model: DEVNET_MODEL_PARAMS,
    runner: DEVNET_RUNNER_PARAMS,
    inference: DEVNET_INFERENCE_PARAMS,
    dispute: DEVNET_DISPUTE_PARAMS,
  });
}

/** app_state of a public test network, ready for JSON.stringify. */
export function testnetAppState(genesis: DevnetGenesis): Readonly<Record<string, Json>> {
  return appStateOf(genesis, {
    model: DEFAULT_MODEL_PARAMS,
    runner: DEFAULT_RUNNER_PARAMS,
    inference: DEFAULT_INFERENCE_PARAMS,
    dispute: DEFAULT_DISPUTE_PARAMS,
  });
}

function appStateOf(genesis: DevnetGenesis, network: NetworkParams): Readonly<Record<string, Json>> {
  const { mockTee } = genesis;
  const mock =
    mockTee === undefined
      ? {}
      : { allowMock: true, mockRoot: mockTee.root, allowedMeasurements: mockTee.measurements };
  const attesters = genesis.attesters
    .map(({ validator, publicKey, power, observer }) => {
      return { validator, publicKey, evmAddress: ethAddressOf(publicKey), power, observer };
    })
    .sort((a, b) => compareBytes(a.evmAddress, b.evmAddress));
  return {
    bank: {
      balances: genesis.balances.map(({ address, amountUaivm }) => ({
        address,
        coins: [{ denom: BASE_DENOM, amount: amountUaivm.toString() }],
      })),
    },
    model: toGenesisJson({ params: { ...network.model, ...genesis.model } }),
    runner: toGenesisJson({ params: { ...network.runner, ...genesis.runner } }),
    inference: toGenesisJson({ params: { ...network.inference, ...genesis.inference } }),
    dispute: genesis.dispute ?? toGenesisJson({ params: network.dispute }),
    oracle: toGenesisJson({
      params: { ...DEFAULT_ORACLE_PARAMS, authority: genesis.authority ?? "" },
      setId: 1n,
      attesters,
      destinations: genesis.destinations ?? [],
    }),
    tee: toGenesisJson({ params: { ...DEFAULT_TEE_PARAMS, ...mock, ...genesis.tee } }),
  };
}
