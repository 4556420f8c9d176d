/** app_state of a devnet: money, devnet parameters, who attests, which contracts are served, the simulated enclave's root. */
import { BASE_DENOM, compareBytes } from "../../common/index.ts";
import { ethAddressOf } from "../../proto/evm.ts";
import { type Json, toGenesisJson } from "./genesisJson.ts";
import { DEVNET_INFERENCE_PARAMS, type InferenceParams } from "./inference/params.ts";
import { DEVNET_MODEL_PARAMS, type ModelParams } from "./model/params.ts";
import { DEFAULT_ORACLE_PARAMS } from "./oracle/params.ts";
import type { Destination } from "./oracle/view.ts";
import { DEVNET_RUNNER_PARAMS, type RunnerParams } from "./runner/params.ts";
import { DEFAULT_TEE_PARAMS, type TeeParams } from "./tee/params.ts";

/** A validator that attests results. */
export interface GenesisAttester {
  /** Consensus address, 20 bytes. */
  readonly validator: Uint8Array;
  /** secp256k1, 33 bytes. */
  readonly publicKey: Uint8Array;
  readonly power: bigint;
  /** Account that reports requests of EVM chains. */
  readonly observer: string;
}

/** What a devnet starts with. Parameters that are left out have their devnet values. */
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

/** The app_state, ready for JSON.stringify. */
export function devnetAppState(genesis: DevnetGenesis): Readonly<Record<string, Json>> {
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
    model: toGenesisJson({ params: { ...DEVNET_MODEL_PARAMS, ...genesis.model } }),
    runner: toGenesisJson({ params: { ...DEVNET_RUNNER_PARAMS, ...genesis.runner } }),
    inference: toGenesisJson({ params: { ...DEVNET_INFERENCE_PARAMS, ...genesis.inference } }),
    ...(genesis.dispute === undefined ? {} : { dispute: genesis.dispute }),
    oracle: toGenesisJson({
      params: { ...DEFAULT_ORACLE_PARAMS, authority: genesis.authority ?? "" },
      setId: 1n,
      attesters,
      destinations: genesis.destinations ?? [],
    }),
    tee: toGenesisJson({ params: { ...DEFAULT_TEE_PARAMS, ...mock, ...genesis.tee } }),
  };
}
