import type { Messages } from "../../proto/index.ts";
import type { Client } from "../client.ts";
import { orUndefined, query } from "../query.ts";

/** The request, or undefined. @throws SDK_UNREACHABLE */
export async function getRequest(
  client: Client,
  requestId: Uint8Array,
): Promise<Messages["aivm.inference.v1.Request"] | undefined> {
  return (await orUndefined(query(client, "inference", "Request")({ requestId })))?.request;
}
