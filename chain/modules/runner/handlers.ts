/** Messages of module runner. */
import type { Messages } from "../../../proto/index.ts";
import type { Context } from "../../context.ts";
import type { MessageHandler } from "../../module.ts";
import { ACCOUNTS, pay } from "../coins.ts";
import { txMessage } from "../messages.ts";
import { runnerError } from "./errors.ts";
import { emitRegistered, emitUnbonding } from "./events.ts";
import { existingRunner, freeOf, insufficient, storeBond } from "./keeper.ts";
import { validateAmount, validateRegister } from "./validate.ts";
import { getParams, getRunner, setRunner } from "./view.ts";

/** Handlers of the module. */
export function runnerMessages(): MessageHandler[] {
  return [
    txMessage("aivm.runner.v1.MsgRegisterRunner", {
      signer: (message) => message.operator,
      validate: validateRegister,
      handle: register,
    }),
    txMessage("aivm.runner.v1.MsgAddBond", {
      signer: (message) => message.operator,
      validate: validateAmount,
      handle: addBond,
    }),
    txMessage("aivm.runner.v1.MsgUnbond", {
      signer: (message) => message.operator,
      validate: validateAmount,
      handle: unbond,
    }),
  ];
}

function register(
  ctx: Context,
  message: Messages["aivm.runner.v1.MsgRegisterRunner"],
): Messages["aivm.runner.v1.MsgRegisterRunnerResponse"] {
  const { operator, payee, bondUaivm, endpoint } = message;
  const { minBondUaivm } = getParams(ctx);
  if (getRunner(ctx, operator) !== undefined) {
    throw runnerError("alreadyRegistered", {
      what: "runner",
      item: operator,
      want: "an account that is no runner yet",
      got: "a registered runner",
      remedy: "Add bond with MsgAddBond.",
    });
  }
  if (bondUaivm < minBondUaivm) {
    throw runnerError("bondTooSmall", {
      what: "bond",
      want: `at least ${minBondUaivm}uaivm`,
      got: `${bondUaivm}uaivm`,
      remedy: "Register with a larger bond.",
    });
  }
  pay(ctx, { from: operator, module: ACCOUNTS.runner, amountUaivm: bondUaivm });
  const runner = {
    operator,
    payee,
    bondUaivm,
    lockedUaivm: 0n,
    endpoint,
    registeredHeight: ctx.height,
    jobsFinal: 0n,
    disputesLost: 0n,
    unbondingUaivm: 0n,
    unbondingUntilMs: 0n,
    jailed: false,
    inPlayUaivm: 0n,
  };
  setRunner(ctx, runner);
  emitRegistered(ctx, runner);
  return {};
}

function addBond(
  ctx: Context,
  { operator, amountUaivm }: Messages["aivm.runner.v1.MsgAddBond"],
): Messages["aivm.runner.v1.MsgAddBondResponse"] {
  const runner = existingRunner(ctx, operator);
  pay(ctx, { from: operator, module: ACCOUNTS.runner, amountUaivm });
  storeBond(ctx, { ...runner, bondUaivm: runner.bondUaivm + amountUaivm });
  return {};
}

/** A second unbonding joins the first: both are paid when the second one's time has come. */
function unbond(
  ctx: Context,
  { operator, amountUaivm }: Messages["aivm.runner.v1.MsgUnbond"],
): Messages["aivm.runner.v1.MsgUnbondResponse"] {
  const runner = existingRunner(ctx, operator);
  if (freeOf(runner) < amountUaivm) throw insufficient(runner, amountUaivm);
  const paidAtMs = ctx.timeMs + getParams(ctx).unbondingMs;
  const next = storeBond(ctx, {
    ...runner,
    bondUaivm: runner.bondUaivm - amountUaivm,
    unbondingUaivm: runner.unbondingUaivm + amountUaivm,
    unbondingUntilMs: paidAtMs,
  });
  emitUnbonding(ctx, { runner: next, amountUaivm });
  return { paidAtMs };
}
