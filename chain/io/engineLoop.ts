/** Drives an engine on a fixed grid of time: one block per interval, never two at once, no catching up in bursts. */
import type { Engine } from "../engine/embedded/engine.ts";

/** A running loop. */
export interface EngineLoop {
  /** Resolves when the loop has ended: after `stop`, or rejects when a block failed. */
  readonly done: Promise<void>;
  /** Ends the loop after the block in progress. */
  stop(): Promise<void>;
}

/** Starts making blocks every `blockIntervalMs`, the first at once. The engine must have started. */
export function startEngineLoop(engine: Engine, blockIntervalMs: number): EngineLoop {
  const interval = Math.max(1, blockIntervalMs);
  let stopping = false;
  let wake: () => void = () => undefined;
  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  const run = async (): Promise<void> => {
    const origin = performance.now();
    for (let tick = 0; !stopping; ) {
      await engine.produceBlock();
      const elapsed = performance.now() - origin;
      // The next grid point that lies ahead: a slow block skips points instead of shifting the grid.
      tick = Math.max(tick + 1, Math.ceil(elapsed / interval));
      if (!stopping) await pause(origin + tick * interval - performance.now());
    }
  };
  const done = run();
  return {
    done,
    async stop() {
      stopping = true;
      wake();
      await done.catch(() => undefined);
    },
  };
}
