import type { Messages } from "../../proto/index.ts";
import type { Client } from "../client.ts";
import { query } from "../query.ts";

/** The signers that contracts must know, and the genesis hash of the attestation domain. @throws SDK_UNREACHABLE */
export function getAttesterSet(client: Client): Promise<Messages["aivm.oracle.v1.QueryAttesterSetResponse"]> {
  return query(client, "oracle", "AttesterSet")({});
}
