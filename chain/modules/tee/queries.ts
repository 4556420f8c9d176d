/** Queries of module tee. */
import type { QueryHandler } from "../../module.ts";
import { moduleQuery } from "../messages.ts";
import { existingEnclave, existingQuery } from "./privateQueries.ts";
import { getParams, listEnclaves } from "./view.ts";

/** Handlers of the module's queries. */
export function teeQueries(): QueryHandler[] {
  const module = "tee";
  return [
    moduleQuery({ module, query: "Enclave" }, (ctx, { keyId }) => ({ enclave: existingEnclave(ctx, keyId) })),
    moduleQuery({ module, query: "Enclaves" }, (ctx) => ({ enclaves: listEnclaves(ctx) })),
    moduleQuery({ module, query: "PrivateQuery" }, (ctx, { queryId }) => ({
      query: existingQuery(ctx, queryId),
    })),
    moduleQuery({ module, query: "Params" }, (ctx) => ({ params: getParams(ctx) })),
  ];
}
