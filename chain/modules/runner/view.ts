/** Reading and writing the module's state: the only file that touches its keys. */
import { equalBytes, utf8 } from "../../../common/index.ts";
import type { Context } from "../../context.ts";
import type { Runner } from "../ports.ts";
import { listRecords, prefixRange, readRecord, writeRecord } from "../records.ts";
import {
  paramsKey,
  RUNNER_STORE,
  runnerKey,
  runnerPrefix,
  unbondingAfter,
  unbondingKey,
  unbondingPrefix,
} from "./keys.ts";
import { DEVNET_RUNNER_PARAMS, type RunnerParams } from "./params.ts";

/** Parameters. */
export function getParams(ctx: Context): RunnerParams {
  return readRecord(ctx.store(RUNNER_STORE), paramsKey(), "aivm.runner.v1.Params") ?? DEVNET_RUNNER_PARAMS;
}

/** Writes the parameters. */
export function setParams(ctx: Context, params: RunnerParams): void {
  writeRecord(ctx.store(RUNNER_STORE), { key: paramsKey(), name: "aivm.runner.v1.Params" }, params);
}

/** A runner, or undefined. @throws ChainError invalid address */
export function getRunner(ctx: Context, operator: string): Runner | undefined {
  return readRecord(ctx.store(RUNNER_STORE), runnerKey(operator), "aivm.runner.v1.Runner");
}

/** Writes a runner and keeps the unbonding queue in step with it. */
export function setRunner(ctx: Context, runner: Runner): void {
  const store = ctx.store(RUNNER_STORE);
  const before = queueKey(getRunner(ctx, runner.operator));
  const after = queueKey(runner);
  if (before !== undefined && (after === undefined || !equalBytes(before, after))) store.delete(before);
  if (after !== undefined) store.set(after, utf8(runner.operator));
  writeRecord(store, { key: runnerKey(runner.operator), name: "aivm.runner.v1.Runner" }, runner);
}

/** Runners in address order. */
export function listRunners(
  ctx: Context,
  page: { readonly after?: string; readonly limit: number },
): Runner[] {
  const { after, limit } = page;
  const range = prefixRange(runnerPrefix(), {
    limit,
    ...(after === undefined ? {} : { after: runnerKey(after) }),
  });
  return listRecords(ctx.store(RUNNER_STORE), range, "aivm.runner.v1.Runner");
}

/** Operators whose unbonding is paid by `nowMs`, in order of time. */
export function dueUnbondings(ctx: Context, nowMs: bigint): string[] {
  const range = { start: unbondingPrefix(), end: unbondingAfter(nowMs) };
  const decoder = new TextDecoder();
  return ctx
    .store(RUNNER_STORE)
    .iterate(range)
    .map(([, value]) => decoder.decode(value));
}

function queueKey(runner: Runner | undefined): Uint8Array | undefined {
  if (runner === undefined || runner.unbondingUaivm === 0n) return undefined;
  return unbondingKey(runner.unbondingUntilMs, runner.operator);
}
