/** The loop: read the EVM chain, then do for each job what its stage asks for. Owns no truth: both chains have it. */
import { bytesToHex } from "../common/bytes.ts";
import { decide } from "./core/lifecycle.ts";
import { advance, isReorganised, rewind, scanRange } from "./core/scan.ts";
import { type Anchor, initialState, isTerminal, type Job, type RelayerState } from "./core/state.ts";
import { hasChanged, perform, type RelayerPolicy, type StepContext } from "./core/steps.ts";
import type { ChainPort, Clock, EvmBlock, EvmPort, Log, StorePort } from "./ports.ts";

/** Everything that a relayer is made of. */
export interface RelayerOptions {
  readonly evm: EvmPort;
  readonly chain: ChainPort;
  readonly store: StorePort;
  readonly clock: Clock;
  readonly log: Log;
  readonly policy: RelayerPolicy;
}

/** A relayer that is driven from outside, one tick at a time. */
export interface Relayer {
  /** Looks at both chains once and does what is due. Errors of the EVM node come out; those of one job stay with it. */
  tick(): Promise<void>;
  /** The state as it is now. */
  state(): RelayerState;
}

/** Loads the state, or begins at the policy's start block. */
export async function createRelayer(options: RelayerOptions): Promise<Relayer> {
  const { store, policy } = options;
  let state = (await store.load()) ?? initialState(policy.startBlock);
  const keep = async (next: RelayerState): Promise<void> => {
    await store.save(next);
    state = next;
  };
  return {
    state: () => state,
    tick: async () => {
      const head = await options.evm.latestBlock();
      await readChain(options, head, () => state, keep);
      await workOff(options, head, () => state, keep);
    },
  };
}

/** Ticks until `signal` aborts. An error of a tick is logged, and the next one tries again. */
export async function runRelayer(options: RelayerOptions & { readonly signal: AbortSignal }): Promise<void> {
  const relayer = await createRelayer(options);
  while (!options.signal.aborted) {
    try {
      await relayer.tick();
    } catch (error) {
      options.log("tick_failed", { error: error instanceof Error ? error.message : String(error) });
    }
    await options.clock.sleep(options.policy.pollMs, options.signal);
  }
}

type Keep = (state: RelayerState) => Promise<void>;

async function readChain(
  options: RelayerOptions,
  head: EvmBlock,
  state: () => RelayerState,
  keep: Keep,
): Promise<void> {
  const { evm, log, policy } = options;
  const last = state().anchors.at(-1);
  if (last !== undefined && isReorganised(state(), await evm.blockHashAt(last.number))) {
    const common = await lastCommonAnchor(evm, state().anchors);
    const rewound = rewind(state(), common, policy.startBlock);
    log("reorganised", { from: last.number.toString(), to: common?.number.toString() ?? "start" });
    logChanges(log, state().jobs, rewound.jobs);
    await keep(rewound);
  }
  for (
    let range = scanRange(state(), head, policy);
    range !== undefined;
    range = scanRange(state(), head, policy)
  ) {
    // the end's hash first: were it replaced while the logs are read, the next tick would see that it is gone
    const hash = await evm.blockHashAt(range.toBlock);
    if (hash === undefined) return;
    const logs = await evm.requestLogs(range);
    const next = advance(state(), { number: range.toBlock, hash }, logs);
    logChanges(log, state().jobs, next.jobs);
    await keep(next);
  }
}

async function lastCommonAnchor(evm: EvmPort, anchors: readonly Anchor[]): Promise<Anchor | undefined> {
  for (const anchor of [...anchors].reverse()) {
    const hash = await evm.blockHashAt(anchor.number);
    if (hash !== undefined && bytesToHex(hash) === bytesToHex(anchor.hash)) return anchor;
  }
  return undefined;
}

async function workOff(
  options: RelayerOptions,
  head: EvmBlock,
  state: () => RelayerState,
  keep: Keep,
): Promise<void> {
  for (const { key, action } of decide(state(), { nowMs: options.clock.nowMs() })) {
    const before = state().jobs.get(key);
    if (before === undefined) continue;
    const put = (job: Job): RelayerState => ({ ...state(), jobs: new Map(state().jobs).set(key, job) });
    const context: StepContext = {
      ...options,
      state,
      headNumber: head.number,
      remember: (job) => keep(put(job)),
    };
    const after = await perform(context, action, before);
    if (hasChanged(before, after)) await keep(put(after));
    logChange(options.log, key, before, after);
  }
}

function logChanges(log: Log, before: RelayerState["jobs"], after: RelayerState["jobs"]): void {
  for (const [key, job] of after) logChange(log, key, before.get(key), job);
}

function logChange(log: Log, key: string, before: Job | undefined, after: Job): void {
  if (before?.stage === after.stage && before.failures === after.failures) return;
  log(isTerminal(after.stage) ? "job_over" : "job", {
    evmRequestId: key,
    stage: after.stage,
    ...(after.reason === undefined ? {} : { reason: after.reason }),
  });
}
