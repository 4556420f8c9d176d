/** The client is data: where the node is, how to wait, what gas costs. Actions are functions that take it. */
import { Comet38Client, type RpcClient } from "@cosmjs/tendermint-rpc";
import type { Clock } from "./ports.ts";
import { typedTransport } from "./transport.ts";
import { type GasPrice, parseGasPrice } from "./tx/gas.ts";

/** A connection to one chain. Make it with `createClient` (sdk/io) or, with ports of your own, `clientOver`. */
export interface Client {
  readonly comet: Comet38Client;
  readonly clock: Clock;
  /** Time between two looks at the node while waiting. */
  readonly pollMs: number;
  /** How long an action waits for a block or an answer when it is told nothing else. */
  readonly timeoutMs: number;
  readonly gasPrice: GasPrice;
  /** Filled in by the first `chainIdOf`. */
  readonly cache: { chainId?: string };
}

/** Settings that every client takes. */
export interface ClientSettings {
  /** Default 250. */
  readonly pollMs?: number;
  /** Default 60,000. */
  readonly timeoutMs?: number;
  /** Price of one unit of gas in uaivm, as a decimal. Default "0.025". */
  readonly gasPriceUaivm?: string;
}

/** A client over any JSON-RPC transport and clock. */
export function clientOver(
  ports: { readonly rpc: RpcClient; readonly clock: Clock },
  settings: ClientSettings = {},
): Client {
  return {
    comet: Comet38Client.create(typedTransport(ports.rpc)),
    clock: ports.clock,
    pollMs: settings.pollMs ?? 250,
    timeoutMs: settings.timeoutMs ?? 60_000,
    gasPrice: parseGasPrice(settings.gasPriceUaivm ?? "0.025"),
    cache: {},
  };
}

/** The chain's id, asked once. @throws SDK_UNREACHABLE */
export async function chainIdOf(client: Client): Promise<string> {
  client.cache.chainId ??= (await client.comet.status()).nodeInfo.network;
  return client.cache.chainId;
}
