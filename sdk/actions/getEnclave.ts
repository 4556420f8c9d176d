import type { Messages } from "../../proto/index.ts";
import type { Client } from "../client.ts";
import { orUndefined, query } from "../query.ts";

/** The enclave with that key id, or undefined. @throws SDK_UNREACHABLE */
export async function getEnclave(
  client: Client,
  keyId: Uint8Array,
): Promise<Messages["aivm.tee.v1.Enclave"] | undefined> {
  return (await orUndefined(query(client, "tee", "Enclave")({ keyId })))?.enclave;
}
