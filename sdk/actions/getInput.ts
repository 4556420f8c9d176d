import type { Client } from "../client.ts";
import { orUndefined, query } from "../query.ts";

/** Input bytes of a request as the chain holds them, or undefined. @throws SDK_UNREACHABLE */
export async function getInput(client: Client, requestId: Uint8Array): Promise<Uint8Array | undefined> {
  return (await orUndefined(query(client, "inference", "Input")({ requestId })))?.input;
}
