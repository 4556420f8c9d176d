/** Waiting is looking again: bounded by a deadline, and patient with a node that restarts meanwhile. */

import type { Client } from "./client.ts";
import { isUnreachable, sdkError } from "./errors/errors.ts";

/**
 * Calls `probe` until it returns something. A node that cannot be reached is asked again; every other error ends the
 * wait.
 * @throws SDK_TIMEOUT at the deadline, SDK_UNREACHABLE when the node was not there at the deadline
 */
export async function pollUntil<T>(
  client: Pick<Client, "clock" | "pollMs">,
  options: {
    /** What is waited for, as the sentence of the error needs it: "transaction AB.. in a block". */
    readonly what: string;
    readonly deadlineMs: number;
    readonly probe: () => Promise<T | undefined>;
    readonly remedy?: string;
  },
): Promise<T> {
  for (;;) {
    let unreachable: unknown;
    try {
      const found = await options.probe();
      if (found !== undefined) return found;
    } catch (error) {
      if (!isUnreachable(error)) throw error;
      unreachable = error;
    }
    if (client.clock.nowMs() + client.pollMs > options.deadlineMs) {
      if (unreachable !== undefined) throw unreachable;
      throw sdkError("SDK_TIMEOUT", {
        what: options.what,
        want: "to see it before the deadline",
        got: "nothing",
        remedy: options.remedy ?? "Wait longer, or check that the chain makes blocks.",
      });
    }
    await client.clock.sleep(client.pollMs);
  }
}

/** `call`, repeated while the node cannot be reached, until the deadline. @throws SDK_UNREACHABLE and what it throws */
export function whileUnreachable<T>(
  client: Pick<Client, "clock" | "pollMs">,
  options: { readonly what: string; readonly deadlineMs: number; readonly call: () => Promise<T> },
): Promise<T> {
  const probe = async (): Promise<{ value: T }> => ({ value: await options.call() });
  return pollUntil(client, { what: options.what, deadlineMs: options.deadlineMs, probe }).then(
    (found) => found.value,
  );
}
