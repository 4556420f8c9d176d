import type { Client } from "../client.ts";

/** Where the chain is. */
export interface ChainStatus {
  readonly chainId: string;
  readonly latestHeight: bigint;
  /** Block time, unix milliseconds. */
  readonly latestTimeMs: bigint;
  /** 32 bytes. */
  readonly latestBlockHash: Uint8Array;
}

/** Id, height and time of the chain. @throws SDK_UNREACHABLE */
export async function getStatus(client: Client): Promise<ChainStatus> {
  const { nodeInfo, syncInfo } = await client.comet.status();
  return {
    chainId: nodeInfo.network,
    latestHeight: BigInt(syncInfo.latestBlockHeight),
    latestTimeMs: BigInt(syncInfo.latestBlockTime.getTime()),
    latestBlockHash: syncInfo.latestBlockHash,
  };
}
