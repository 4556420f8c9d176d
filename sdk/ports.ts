/** What the client needs of the world besides the node itself. */

/** Time, injected so that waiting is deterministic under test. */
export interface Clock {
  /** Unix time in milliseconds. */
  nowMs(): number;
  /** Resolves after `ms` milliseconds. */
  sleep(ms: number): Promise<void>;
}
