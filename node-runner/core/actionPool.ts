/**
 * Keeps actions apart: one at a time per key, none again on a view of the chain that is older than its own effect, and
 * a failed one only after a growing number of blocks.
 */

/** What the pool tells a log. */
export interface PoolLog {
  debug(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** Runs actions in the background. */
export interface ActionPool {
  /**
   * Starts `run` unless the key is busy, resting, or was done at a height that the caller has not seen yet.
   * @param action.height latest block that the decision was made on
   * @param action.run resolves with the height at which its effect is visible, or undefined when it has none
   */
  start(action: {
    readonly key: string;
    readonly height: bigint;
    readonly run: () => Promise<bigint | undefined>;
    /** Looked at in every block: not logged, and no reason to look again. */
    readonly silent?: boolean;
  }): void;
  /** Actions ended so far: a reason to look again before the next block. */
  ended(): number;
  /** Resolves when nothing runs. */
  idle(): Promise<void>;
}

const FIRST_REST_BLOCKS = 1n;
const MAX_REST_BLOCKS = 64n;

/** An empty pool. */
export function createActionPool(log: PoolLog): ActionPool {
  const running = new Map<string, Promise<void>>();
  const notBefore = new Map<string, bigint>();
  const rests = new Map<string, bigint>();
  let ended = 0;
  const settle = (key: string, height: bigint | undefined): void => {
    rests.delete(key);
    if (height === undefined) notBefore.delete(key);
    else notBefore.set(key, height);
  };
  const rest = (key: string, height: bigint, error: unknown): void => {
    const blocks = rests.get(key) ?? FIRST_REST_BLOCKS;
    rests.set(key, blocks * 2n > MAX_REST_BLOCKS ? MAX_REST_BLOCKS : blocks * 2n);
    notBefore.set(key, height + blocks);
    log.warn(
      { action: key, retryAtHeight: String(height + blocks), error: messageOf(error) },
      "action failed",
    );
  };
  return {
    start: ({ key, height, run, silent = false }) => {
      if (running.has(key) || height < (notBefore.get(key) ?? 0n)) return;
      if (!silent) log.debug({ action: key, height: String(height) }, "action started");
      const work = run().then(
        (doneAt) => settle(key, doneAt),
        (error: unknown) => rest(key, height, error),
      );
      const done = work.finally(() => {
        running.delete(key);
        if (!silent) ended++;
      });
      running.set(key, done);
    },
    ended: () => ended,
    idle: async () => {
      while (running.size > 0) await Promise.all(running.values());
    },
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
