import type { Client } from "../client.ts";
import { pollUntil } from "../poll.ts";
import { type ChainStatus, getStatus } from "./getStatus.ts";

/** Waits until the chain has the block at `height`. @throws SDK_TIMEOUT, SDK_UNREACHABLE */
export function waitForHeight(
  client: Client,
  wait: { readonly height: bigint; readonly timeoutMs?: number },
): Promise<ChainStatus> {
  return pollUntil(client, {
    what: `block ${wait.height}`,
    deadlineMs: client.clock.nowMs() + (wait.timeoutMs ?? client.timeoutMs),
    probe: async () => {
      const status = await getStatus(client);
      return status.latestHeight >= wait.height ? status : undefined;
    },
  });
}
