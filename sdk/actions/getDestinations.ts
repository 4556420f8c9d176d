import type { Messages } from "../../proto/index.ts";
import type { Client } from "../client.ts";
import { query } from "../query.ts";

/** EVM chains and contracts that the chain serves. @throws SDK_UNREACHABLE */
export async function getDestinations(
  client: Client,
): Promise<readonly Messages["aivm.oracle.v1.Destination"][]> {
  return (await query(client, "oracle", "Destinations")({})).destinations;
}
