/** Bonds: the only code that changes a runner's amounts. Coins and amounts always change together. */
import type { Context } from "../../context.ts";
import { ACCOUNTS, burn, payOut, shift } from "../coins.ts";
import type { BondAmount, Runner, RunnerPort } from "../ports.ts";
import { runnerError } from "./errors.ts";
import { emitJailed, emitPenalty, emitUnbonded } from "./events.ts";
import { dueUnbondings, getParams, getRunner, setRunner } from "./view.ts";

/** What other modules may do with bonds. */
export function createRunnerKeeper(): RunnerPort {
  return {
    runner: getRunner,
    freeBond: (ctx, operator) => {
      const runner = getRunner(ctx, operator);
      return runner === undefined || runner.jailed ? 0n : freeOf(runner);
    },
    lockBond,
    releaseBond,
    moveToDispute,
    returnClaimBond,
    countLostDispute,
    countFinalJob: (ctx, operator) => {
      const runner = getRunner(ctx, operator);
      if (runner !== undefined) setRunner(ctx, { ...runner, jobsFinal: runner.jobsFinal + 1n });
    },
  };
}

/** Bond that is not locked. */
export function freeOf(runner: Runner): bigint {
  return runner.bondUaivm - runner.lockedUaivm;
}

/** The runner. @throws runner/unknownRunner */
export function existingRunner(ctx: Context, operator: string): Runner {
  const runner = getRunner(ctx, operator);
  if (runner !== undefined) return runner;
  throw runnerError("unknownRunner", {
    what: "runner",
    item: operator,
    want: "a registered runner",
    got: "none",
    remedy: "Register it with MsgRegisterRunner first.",
  });
}

/** Writes a runner whose bond has changed: it is jailed exactly while the bond is below the minimum. */
export function storeBond(ctx: Context, runner: Runner): Runner {
  const jailed = runner.bondUaivm + runner.inPlayUaivm < getParams(ctx).minBondUaivm;
  const next = { ...runner, jailed };
  setRunner(ctx, next);
  if (jailed !== runner.jailed) emitJailed(ctx, next);
  return next;
}

/** Pays every unbonding whose time has come. */
export function payUnbondings(ctx: Context): void {
  for (const operator of dueUnbondings(ctx, ctx.timeMs)) {
    const runner = existingRunner(ctx, operator);
    payOut(ctx, { module: ACCOUNTS.runner, to: operator, amountUaivm: runner.unbondingUaivm });
    setRunner(ctx, { ...runner, unbondingUaivm: 0n, unbondingUntilMs: 0n });
    emitUnbonded(ctx, runner);
  }
}

function lockBond(ctx: Context, { operator, amountUaivm }: BondAmount): void {
  const runner = existingRunner(ctx, operator);
  if (runner.jailed) {
    throw runnerError("jailed", {
      what: "runner",
      item: operator,
      want: `a bond of at least ${getParams(ctx).minBondUaivm}uaivm`,
      got: `${runner.bondUaivm}uaivm`,
      remedy: "Add bond with MsgAddBond.",
    });
  }
  if (freeOf(runner) < amountUaivm) throw insufficient(runner, amountUaivm);
  setRunner(ctx, { ...runner, lockedUaivm: runner.lockedUaivm + amountUaivm });
}

/** More of a bond was asked for than is free. */
export function insufficient(runner: Runner, amountUaivm: bigint): Error {
  return runnerError("insufficientBond", {
    what: "free bond",
    item: runner.operator,
    want: `${amountUaivm}uaivm`,
    got: `${freeOf(runner)}uaivm (${runner.bondUaivm}uaivm, of which ${runner.lockedUaivm}uaivm stand behind open jobs)`,
    remedy: "Add bond with MsgAddBond, or wait until open jobs are settled.",
  });
}

function releaseBond(ctx: Context, release: BondAmount & { readonly burnUaivm: bigint }): void {
  const { operator, amountUaivm, burnUaivm } = release;
  const runner = existingRunner(ctx, operator);
  burn(ctx, { module: ACCOUNTS.runner, amountUaivm: burnUaivm });
  if (burnUaivm > 0n) emitPenalty(ctx, release);
  storeBond(ctx, {
    ...runner,
    bondUaivm: runner.bondUaivm - burnUaivm,
    lockedUaivm: runner.lockedUaivm - amountUaivm,
  });
}

function moveToDispute(ctx: Context, { operator, amountUaivm }: BondAmount): void {
  const runner = existingRunner(ctx, operator);
  shift(ctx, { from: ACCOUNTS.runner, to: ACCOUNTS.dispute, amountUaivm });
  setRunner(ctx, {
    ...runner,
    bondUaivm: runner.bondUaivm - amountUaivm,
    lockedUaivm: runner.lockedUaivm - amountUaivm,
    inPlayUaivm: runner.inPlayUaivm + amountUaivm,
  });
}

function returnClaimBond(ctx: Context, { operator, amountUaivm }: BondAmount): void {
  const runner = getRunner(ctx, operator);
  if (runner === undefined) return;
  shift(ctx, { from: ACCOUNTS.dispute, to: ACCOUNTS.runner, amountUaivm });
  storeBond(ctx, {
    ...runner,
    bondUaivm: runner.bondUaivm + amountUaivm,
    inPlayUaivm: runner.inPlayUaivm - amountUaivm,
  });
}

function countLostDispute(
  ctx: Context,
  { operator, claimBondUaivm }: { readonly operator: string; readonly claimBondUaivm: bigint },
): void {
  const runner = getRunner(ctx, operator);
  if (runner === undefined) return;
  storeBond(ctx, {
    ...runner,
    inPlayUaivm: runner.inPlayUaivm - claimBondUaivm,
    disputesLost: runner.disputesLost + 1n,
  });
}
