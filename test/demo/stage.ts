/** What the chapters of the demo share. */
import type { LoadedModel } from "../../aivm/index.ts";
import type { Network } from "../../cli/devnet/network.ts";
import type { Digit } from "./digits.ts";
import type { Recorder } from "./recorder.ts";

/** The compiled model and where it lies. */
export interface DemoModel {
  readonly model: LoadedModel;
  readonly file: string;
  readonly idHex: string;
}

/** The running demo. */
export interface Stage {
  readonly seed: number;
  readonly recorder: Recorder;
  readonly network: Network;
  readonly model: DemoModel;
  readonly digits: readonly Digit[];
}

/** How long the demo waits for anything at all. */
export const PATIENCE_MS = 90_000;

/** Asks `probe` again every 100 ms until it answers. @throws Error naming `what` after PATIENCE_MS */
export async function until<T>(what: string, probe: () => Promise<T | undefined>): Promise<T> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const found = await probe();
    if (found !== undefined) return found;
    if (performance.now() > deadline)
      throw new Error(`the demo waited ${PATIENCE_MS / 1000} s in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
