/** Nonces from what the chain and our own open transactions say, never from a counter that could run ahead for ever. */
import type { RelayerState } from "./state.ts";

/**
 * The lowest nonce that the chain still wants and no open transaction of ours has. A gap that a lost transaction left
 * is filled by the next one.
 * @param minedNonce transactions of the sender that are in blocks
 */
export function nextNonce(state: RelayerState, minedNonce: number): number {
  const taken = new Set<number>();
  for (const job of state.jobs.values()) {
    for (const attempt of job.attempts) taken.add(attempt.nonce);
  }
  let nonce = minedNonce;
  while (taken.has(nonce)) nonce += 1;
  return nonce;
}
