import type { Messages } from "../../proto/index.ts";
import type { Client } from "../client.ts";
import { query } from "../query.ts";

/** Most moves, longest times and bond of a dispute over a model, with the formula. @throws SDK_QUERY_FAILED */
export function getDisputeBounds(
  client: Client,
  options: { readonly modelId: Uint8Array; readonly windowMs?: bigint; readonly rivals?: number },
): Promise<Messages["aivm.dispute.v1.QueryBoundsResponse"]> {
  return query(client, "dispute", "Bounds")(options);
}
