import type { Messages } from "../../proto/index.ts";
import type { Client } from "../client.ts";
import { orUndefined, query } from "../query.ts";

/** A runner's declaration that it serves a model, and the weight chunk drawn for it; undefined when there is none.
 * @throws SDK_UNREACHABLE */
export function getServing(
  client: Client,
  key: { readonly modelId: Uint8Array; readonly runner: string },
): Promise<Messages["aivm.model.v1.QueryServingResponse"] | undefined> {
  return orUndefined(query(client, "model", "Serving")(key)).then((answer) =>
    answer?.serving === undefined ? undefined : answer,
  );
}
