import type { Messages } from "../../proto/index.ts";
import type { Client } from "../client.ts";
import { orUndefined, query } from "../query.ts";

/** Leaf, path and signatures of a request's record for its EVM chain; undefined when there is no record yet,
 * `attested` false until more than two thirds of the power has signed. @throws SDK_UNREACHABLE */
export function getResultProof(
  client: Client,
  requestId: Uint8Array,
): Promise<Messages["aivm.oracle.v1.QueryResultProofResponse"] | undefined> {
  return orUndefined(query(client, "oracle", "ResultProof")({ requestId }));
}
