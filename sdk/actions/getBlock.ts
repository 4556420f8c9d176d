import type { comet38 } from "@cosmjs/tendermint-rpc";
import type { Client } from "../client.ts";

/** The block at `height`, or the latest. @throws SDK_RPC for a height that the node does not have */
export function getBlock(client: Client, height?: bigint): Promise<comet38.BlockResponse> {
  return client.comet.block(height === undefined ? undefined : Number(height));
}
