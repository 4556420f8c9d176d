/**
 * One account's order of transactions: a lock, so that sequences are handed out one after another, and the next
 * sequence, advanced per accepted broadcast. Several transactions may be in flight; none waits for a block.
 */

/** What signing needs to know of an account. */
export interface AccountState {
  readonly accountNumber: bigint;
  readonly sequence: bigint;
}

/** Mutable state of one signer. */
export interface Sequencer {
  /** Next transaction's account state; undefined = ask the chain. */
  account: AccountState | undefined;
  /** Settles when the task that was enqueued last has ended. */
  tail: Promise<unknown>;
}

/** A sequencer that knows nothing yet. */
export function createSequencer(): Sequencer {
  return { account: undefined, tail: Promise.resolve() };
}

/** Runs `task` after every task that was enqueued before it, whether or not they failed. */
export function enqueue<T>(sequencer: Sequencer, task: () => Promise<T>): Promise<T> {
  const result = sequencer.tail.then(task, task);
  sequencer.tail = result.catch(() => undefined);
  return result;
}

/** The sequence that the chain says it expected, from the text of code 32, or undefined. */
export function expectedSequence(log: string): bigint | undefined {
  const match = /expected ([0-9]+), got ([0-9]+)/.exec(log);
  return match?.[1] === undefined ? undefined : BigInt(match[1]);
}
