import { HttpClient } from "@cosmjs/tendermint-rpc";
import { type Client, type ClientSettings, clientOver } from "../client.ts";
import { sdkError } from "../errors/errors.ts";
import type { Clock } from "../ports.ts";
import { systemClock } from "./systemClock.ts";

/** One call to the node may take this long. */
const CALL_TIMEOUT_MS = 10_000;

/**
 * A client of the node whose CometBFT JSON-RPC is at `rpc` (http or https). Nothing is asked yet. Works in Node and
 * in a browser: it needs `fetch` only.
 * @throws SDK_ARGUMENT
 */
export function createClient(
  options: ClientSettings & { readonly rpc: string; readonly clock?: Clock },
): Client {
  if (!/^https?:\/\//.test(options.rpc)) {
    throw sdkError("SDK_ARGUMENT", {
      what: "RPC address",
      want: "a URL that begins with http:// or https://",
      got: options.rpc.slice(0, 80),
      remedy: "Pass the node's CometBFT RPC address, such as http://127.0.0.1:26657.",
    });
  }
  const rpc = new HttpClient(options.rpc, CALL_TIMEOUT_MS);
  return clientOver({ rpc, clock: options.clock ?? systemClock }, options);
}
