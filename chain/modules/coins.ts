/** Amounts of the base coin between accounts and modules; nothing moves for an amount of 0. */
import { BASE_DENOM } from "../../common/index.ts";
import type { Context } from "../context.ts";
import { burnFromModule, sendBetweenModules, sendFromModule, sendToModule } from "./bank/keeper.ts";

/** Names of module accounts. */
export const ACCOUNTS = {
  model: "model",
  runner: "runner",
  inference: "inference",
  dispute: "dispute",
  tee: "tee",
  feeCollector: "fee_collector",
  auditPool: "audit_pool",
} as const;

/** Account to module. @throws ChainError insufficient funds (sdk 5) */
export function pay(
  ctx: Context,
  transfer: { readonly from: string; readonly module: string; readonly amountUaivm: bigint },
): void {
  const { from, module, amountUaivm } = transfer;
  if (amountUaivm > 0n) sendToModule(ctx, { from, module, coins: coins(amountUaivm) });
}

/** Module to account. */
export function payOut(
  ctx: Context,
  transfer: { readonly module: string; readonly to: string; readonly amountUaivm: bigint },
): void {
  const { module, to, amountUaivm } = transfer;
  if (amountUaivm > 0n) sendFromModule(ctx, { module, to, coins: coins(amountUaivm) });
}

/** Module to module. */
export function shift(
  ctx: Context,
  transfer: { readonly from: string; readonly to: string; readonly amountUaivm: bigint },
): void {
  const { from, to, amountUaivm } = transfer;
  if (amountUaivm > 0n) sendBetweenModules(ctx, { from, to, coins: coins(amountUaivm) });
}

/** Destroys coins of a module. */
export function burn(ctx: Context, what: { readonly module: string; readonly amountUaivm: bigint }): void {
  const { module, amountUaivm } = what;
  if (amountUaivm > 0n) burnFromModule(ctx, { module, coins: coins(amountUaivm) });
}

function coins(amount: bigint): readonly { readonly denom: string; readonly amount: bigint }[] {
  return [{ denom: BASE_DENOM, amount }];
}
