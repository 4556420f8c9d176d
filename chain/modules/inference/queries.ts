/** Queries of module inference. */
import { bytesToHex } from "../../../common/index.ts";
import type { QueryHandler } from "../../module.ts";
import { moduleQuery, pageLimit } from "../messages.ts";
import { inferenceError } from "./errors.ts";
import { existingRequest } from "./settle.ts";
import { getInput, getParams, getResult, listRequests } from "./view.ts";

/** Handlers of the module's queries. */
export function inferenceQueries(): QueryHandler[] {
  const module = "inference";
  return [
    moduleQuery({ module, query: "Request" }, (ctx, { requestId }) => ({
      request: existingRequest(ctx, requestId),
    })),
    moduleQuery({ module, query: "Requests" }, (ctx, { status, limit, startAfter }) => ({
      requests: listRequests(ctx, { status, afterSequence: startAfter, limit: pageLimit(limit) }),
    })),
    moduleQuery({ module, query: "Input" }, (ctx, { requestId }) => ({
      input: getInput(ctx, existingRequest(ctx, requestId).id) ?? new Uint8Array(),
    })),
    moduleQuery({ module, query: "Result" }, (ctx, { requestId }) => {
      const result = getResult(ctx, existingRequest(ctx, requestId).id);
      if (result !== undefined) return { result };
      throw inferenceError("unknownRequest", {
        what: "result",
        item: bytesToHex(requestId),
        want: "a request that was answered",
        got: "not found: nobody has answered yet, or no answer stands",
        remedy: "Wait, and look at the request's status.",
      });
    }),
    moduleQuery({ module, query: "Params" }, (ctx) => ({ params: getParams(ctx) })),
  ];
}
