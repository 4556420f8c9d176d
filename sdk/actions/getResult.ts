import type { Messages } from "../../proto/index.ts";
import type { Client } from "../client.ts";
import { orUndefined, query } from "../query.ts";

/** What a request ended in or stands at, or undefined while nobody has answered. @throws SDK_UNREACHABLE */
export async function getResult(
  client: Client,
  requestId: Uint8Array,
): Promise<Messages["aivm.inference.v1.Result"] | undefined> {
  return (await orUndefined(query(client, "inference", "Result")({ requestId })))?.result;
}
