/** An engine that hashes nothing itself: roots are worked out from what it keeps. */
import { type Engine, tensorRoot } from "../../../../aivm/index.ts";

/** The engine with `opRoots` wherever they are asked for. */
export function hashing(engine: Engine): Engine {
  return {
    ...engine,
    run: async (options) => {
      const { ops = [], ...run } = await engine.run({ ...options, keepOps: true });
      const kept = options.keepOps === true ? { ops } : {};
      return { ...run, ...kept, ...(options.hashOps === true ? { opRoots: ops.map(tensorRoot) } : {}) };
    },
  };
}
