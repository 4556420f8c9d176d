/** Hooks of a block: what modules do outside transactions, and what becomes of vote extensions. */
import type { Event } from "cosmjs-types/tendermint/abci/types";
import type { Context } from "./context.ts";
import { createGasMeter } from "./gas.ts";
import type { Module, VoteExtensionHandler } from "./module.ts";
import { type AppLog, type BlockFacts, createContext, errorCode, eventOf, reportDefect } from "./runTx.ts";
import { branchOf, type Stores } from "./store/branch.ts";
import { decodeVoteTx, extensionsOf } from "./voteTx.ts";

/** The block whose hooks run. */
export interface HookRun {
  readonly block: BlockFacts;
  readonly stores: Stores;
  /** Collects what the hooks emit. */
  readonly events: Event[];
  readonly log: AppLog | undefined;
}

/** Runs one hook of every module, in order. */
export function runHooks(
  run: HookRun,
  hook: "preBlock" | "beginBlock" | "endBlock",
  modules: readonly Module[],
): void {
  for (const module of modules) {
    if (module[hook] !== undefined)
      guarded(run, `${module.name}/${hook}`, (ctx) => {
        module[hook]?.(ctx);
      });
  }
}

/** Hands the extensions in the pseudo-transaction to their handler. */
export function applyVotes(run: HookRun, handler: VoteExtensionHandler | undefined, tx: Uint8Array): void {
  const commit = decodeVoteTx(tx);
  if (commit === undefined || handler === undefined) return;
  guarded(run, "voteExtensions/apply", (ctx) => handler.apply(ctx, extensionsOf(commit)));
}

/** A hook that fails is undone as a whole and told in an event: one module's defect must not stop the chain. */
function guarded(run: HookRun, name: string, hook: (ctx: Context) => void): void {
  const { block, log } = run;
  const stores = branchOf(run.stores);
  const events: Event[] = [];
  try {
    hook(createContext({ block, mode: "finalize", stores, gas: createGasMeter(), events }));
  } catch (error) {
    const { codespace, code, log: text } = errorCode(error);
    reportDefect(log, { error, where: name, always: true });
    run.events.push(
      eventOf("hook_failed", [
        ["hook", name],
        ["codespace", codespace],
        ["code", `${code}`],
        ["log", text],
      ]),
    );
    return;
  }
  stores.flush();
  run.events.push(...events);
}
