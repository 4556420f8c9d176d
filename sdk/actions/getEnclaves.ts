import type { Messages } from "../../proto/index.ts";
import type { Client } from "../client.ts";
import { query } from "../query.ts";

/** Registered enclaves. @throws SDK_UNREACHABLE */
export async function getEnclaves(client: Client): Promise<readonly Messages["aivm.tee.v1.Enclave"][]> {
  return (await query(client, "tee", "Enclaves")({})).enclaves;
}
