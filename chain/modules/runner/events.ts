/** Events of module runner. */
import type { Context } from "../../context.ts";
import type { Runner } from "../ports.ts";

/** A runner appeared. */
export function emitRegistered(ctx: Context, runner: Runner): void {
  ctx.emit("runner_registered", [
    ["operator", runner.operator],
    ["bond", `${runner.bondUaivm}`],
  ]);
}

/** A runner was jailed, or is given work again. */
export function emitJailed(ctx: Context, runner: Runner): void {
  ctx.emit(runner.jailed ? "runner_jailed" : "runner_unjailed", [
    ["operator", runner.operator],
    ["bond", `${runner.bondUaivm}`],
  ]);
}

/** Bond is on its way out. */
export function emitUnbonding(
  ctx: Context,
  unbonding: { readonly runner: Runner; readonly amountUaivm: bigint },
): void {
  const { runner, amountUaivm } = unbonding;
  ctx.emit("runner_unbonding", [
    ["operator", runner.operator],
    ["amount", `${amountUaivm}`],
    ["paid_at_ms", `${runner.unbondingUntilMs}`],
  ]);
}

/** Bond has been paid out. */
export function emitUnbonded(ctx: Context, runner: Runner): void {
  ctx.emit("runner_unbonded", [
    ["operator", runner.operator],
    ["amount", `${runner.unbondingUaivm}`],
  ]);
}

/** Part of a bond was burned. */
export function emitPenalty(
  ctx: Context,
  penalty: { readonly operator: string; readonly burnUaivm: bigint },
): void {
  ctx.emit("runner_penalty", [
    ["operator", penalty.operator],
    ["burned", `${penalty.burnUaivm}`],
  ]);
}
