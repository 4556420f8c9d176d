import type { Messages } from "../../proto/index.ts";
import type { Client } from "../client.ts";
import { query } from "../query.ts";

/** What the chain asks of a model: least deposit, largest royalty, attesters, size. @throws SDK_QUERY_FAILED */
export async function getModelParams(client: Client): Promise<Messages["aivm.model.v1.Params"] | undefined> {
  return (await query(client, "model", "Params")({})).params;
}
