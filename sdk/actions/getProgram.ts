import type { Messages } from "../../proto/index.ts";
import type { Client } from "../client.ts";
import { orUndefined, query } from "../query.ts";

/** The registered program of a model, or undefined. @throws SDK_UNREACHABLE */
export async function getProgram(
  client: Client,
  modelId: Uint8Array,
): Promise<Messages["aivm.model.v1.RegisteredProgram"] | undefined> {
  return (await orUndefined(query(client, "model", "Program")({ modelId })))?.program;
}
