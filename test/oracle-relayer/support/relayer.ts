/** A relayer on a real EVM; the aivm chain's side is played by the holder of the validators' keys. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bytesToHex, hexToBytes } from "../../../common/bytes.ts";
import type { Stage } from "../../../oracle-relayer/core/state.ts";
import type { RelayerPolicy } from "../../../oracle-relayer/core/steps.ts";
import { createEvmPort } from "../../../oracle-relayer/io/evm.ts";
import { createFileStore } from "../../../oracle-relayer/io/store.ts";
import type {
  ChainPort,
  Clock,
  EvmPort,
  Log,
  Observation,
  ResultProof,
  StorePort,
} from "../../../oracle-relayer/ports.ts";
import { createRelayer, type Relayer } from "../../../oracle-relayer/relayer.ts";
import { keccak256, RESULT_FINAL, type ResultLeaf, TIER_OPTIMISTIC_FINAL } from "../../../proto/evm.ts";
import { evmOriginRequestId } from "../../../proto/hashes.ts";
import { account, prove, RUNNER_PAYEE, type World } from "./world.ts";

/** The aivm chain as the relayer sees it: it takes observations, and proves what the test lets it answer. */
export interface PlayedChain extends ChainPort {
  readonly observed: Map<string, Observation>;
  /** Makes every request seen so far final with this output; `change` alters the leaf before it is signed. */
  answerAll(output: Uint8Array, change?: Partial<ResultLeaf>): void;
}

/** A chain whose validators are the world's. */
export function playChain(world: World): PlayedChain {
  const observed = new Map<string, Observation>();
  const proofs = new Map<string, ResultProof>();
  return {
    observed,
    observeRequest: async (observation) => {
      const requestId = evmOriginRequestId(observation);
      observed.set(bytesToHex(requestId), observation);
      return { requestId };
    },
    resultProof: async (requestId) => proofs.get(bytesToHex(requestId)),
    latestHeight: async () => 50n,
    answerAll: (output, change = {}) => {
      for (const [key, seen] of observed) {
        const leaf = { ...leafOf(seen, output), ...change };
        proofs.set(key, prove(world, { leaf, output }));
      }
    },
  };
}

function leafOf(seen: Observation, output: Uint8Array): ResultLeaf {
  return {
    dstChainId: seen.evmChainId,
    oracle: seen.oracle,
    requestId: seen.evmRequestId,
    requestHash: seen.requestHash,
    status: RESULT_FINAL,
    outputHash: keccak256(output),
    outputRoot: keccak256(new Uint8Array([7]), output),
    modelId: seen.request.modelId,
    tier: TIER_OPTIMISTIC_FINAL,
    payee: RUNNER_PAYEE,
    deadline: seen.request.deadline,
    finalHeight: 41n,
  };
}

/** A policy without pauses, for tests that tick by hand. */
export function testPolicy(world: World, change: Partial<RelayerPolicy> = {}): RelayerPolicy {
  return {
    startBlock: world.deployed.blockNumber,
    confirmations: 0n,
    maxSpan: 1_000n,
    pollMs: 1,
    retryMs: [0],
    maxFeePerGasCap: 10n ** 12n,
    bumpAfterBlocks: 2n,
    ...change,
  };
}

/** A clock that stands at real time's start and never sleeps. */
export function standingClock(): Clock {
  return { nowMs: () => Date.now(), sleep: async () => undefined };
}

/** A store in a new temporary file. */
export function temporaryStore(): { readonly path: string; readonly store: StorePort } {
  const path = join(mkdtempSync(join(tmpdir(), "relayer-")), "state.json");
  return { path, store: createFileStore(path) };
}

/** A relayer and what it logged. */
export interface Rig {
  readonly relayer: Relayer;
  readonly chain: PlayedChain;
  readonly evm: EvmPort;
  readonly events: (readonly [string, Readonly<Record<string, unknown>>])[];
  /** Stages of all jobs, in order. */
  stages(): Stage[];
}

/** Puts a relayer together; parts that are given replace the usual ones. */
export async function createRig(
  world: World,
  parts: {
    readonly chain?: PlayedChain;
    readonly evm?: EvmPort;
    readonly store?: StorePort;
    readonly policy?: Partial<RelayerPolicy>;
    readonly sender?: number;
  } = {},
): Promise<Rig> {
  const chain = parts.chain ?? playChain(world);
  const evm = parts.evm ?? (await evmOf(world, parts.sender));
  const events: (readonly [string, Readonly<Record<string, unknown>>])[] = [];
  const log: Log = (event, data = {}) => void events.push([event, data]);
  const relayer = await createRelayer({
    evm,
    chain,
    store: parts.store ?? temporaryStore().store,
    clock: standingClock(),
    log,
    policy: testPolicy(world, parts.policy),
  });
  return {
    relayer,
    chain,
    evm,
    events,
    stages: () => [...relayer.state().jobs.values()].map((job) => job.stage),
  };
}

/** The EVM port of the world's oracle, sending as anvil's account `sender` (default 2). */
export function evmOf(world: World, sender = 2): Promise<EvmPort> {
  return createEvmPort({
    rpcUrl: world.anvil.url,
    oracle: hexToBytes(world.deployed.oracle),
    account: account(sender),
  });
}

/** Ticks until every job is at one of these stages, at most `limit` times. */
export async function tickUntil(rig: Rig, stages: readonly Stage[], limit = 20): Promise<void> {
  for (let i = 0; i < limit; i++) {
    await rig.relayer.tick();
    const now = rig.stages();
    if (now.length > 0 && now.every((stage) => stages.includes(stage))) return;
  }
  const reasons = [...rig.relayer.state().jobs.values()].map((job) => `${job.stage}: ${job.reason ?? ""}`);
  throw new Error(`after ${limit} ticks: ${reasons.join("; ")}`);
}
