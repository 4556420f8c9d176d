/** A token bucket per client: pure, so that the time is the caller's. */

/** How much a client may ask for. */
export interface RateLimit {
  /** Requests at once. */
  readonly burst: number;
  /** Requests per second in the long run. */
  readonly perSecond: number;
  /** Clients remembered; the longest unseen are forgotten first. */
  readonly maxClients: number;
}

interface Bucket {
  tokens: number;
  atMs: number;
}

/** True when `client` may ask at `nowMs` (monotone). Takes one token. */
export type RateLimiter = (client: string, nowMs: number) => boolean;

/** A limiter of its own state. */
export function createRateLimiter(limit: RateLimit): RateLimiter {
  const buckets = new Map<string, Bucket>();
  return (client, nowMs) => {
    const bucket = buckets.get(client) ?? { tokens: limit.burst, atMs: nowMs };
    const earned = (Math.max(0, nowMs - bucket.atMs) * limit.perSecond) / 1000;
    const tokens = Math.min(limit.burst, bucket.tokens + earned);
    const allowed = tokens >= 1;
    // Re-inserted so that the map's order is by last use.
    buckets.delete(client);
    buckets.set(client, { tokens: allowed ? tokens - 1 : tokens, atMs: nowMs });
    if (buckets.size > limit.maxClients) forgetOldest(buckets);
    return allowed;
  };
}

function forgetOldest(buckets: Map<string, Bucket>): void {
  const oldest = buckets.keys().next();
  if (oldest.done !== true) buckets.delete(oldest.value);
}
