import type { Messages } from "../../proto/index.ts";
import type { Client } from "../client.ts";
import { orUndefined, query } from "../query.ts";

/** The model's record, or undefined. @throws SDK_UNREACHABLE */
export async function getModel(
  client: Client,
  modelId: Uint8Array,
): Promise<Messages["aivm.model.v1.Model"] | undefined> {
  return (await orUndefined(query(client, "model", "Model")({ modelId })))?.model;
}
