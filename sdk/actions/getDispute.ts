import type { Messages } from "../../proto/index.ts";
import type { Client } from "../client.ts";
import { orUndefined, query } from "../query.ts";

/** Claims, joins and matches of a request, or undefined when nobody has answered it. @throws SDK_UNREACHABLE */
export function getDispute(
  client: Client,
  requestId: Uint8Array,
): Promise<Messages["aivm.dispute.v1.QueryDisputeResponse"] | undefined> {
  return orUndefined(query(client, "dispute", "Dispute")({ requestId }));
}
