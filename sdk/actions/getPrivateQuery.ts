import type { Messages } from "../../proto/index.ts";
import type { Client } from "../client.ts";
import { orUndefined, query } from "../query.ts";

/** The record of a private query, or undefined. @throws SDK_UNREACHABLE */
export async function getPrivateQuery(
  client: Client,
  queryId: Uint8Array,
): Promise<Messages["aivm.tee.v1.PrivateQuery"] | undefined> {
  return (await orUndefined(query(client, "tee", "PrivateQuery")({ queryId })))?.query;
}
