/** What a runner must not lose between a commitment and its reveal. */

/** The opening of a commitment. It is on disk before the commitment is sent. */
export interface Kept {
  /** "result" of a request, or "join" of its dispute. */
  readonly kind: "result" | "join";
  /** 32 bytes. */
  readonly requestId: Uint8Array;
  /** 32 bytes. Secret until the reveal. */
  readonly salt: Uint8Array;
  /** 32 bytes. */
  readonly outputRoot: Uint8Array;
  readonly output: Uint8Array;
  /** 32 bytes; only of a join. */
  readonly traceRoot?: Uint8Array;
}

/** Durable store of openings. One per kind and request, never replaced: a commitment repeated is the same one. */
export interface KeptStore {
  get(kind: Kept["kind"], requestId: Uint8Array): Promise<Kept | undefined>;
  /** Resolves when `kept` would survive a power cut. @throws RUNNER_FILE when there is one already */
  put(kept: Kept): Promise<void>;
}
