/** Queries of module runner. */
import type { QueryHandler } from "../../module.ts";
import { moduleQuery, pageLimit } from "../messages.ts";
import { existingRunner } from "./keeper.ts";
import { getParams, listRunners } from "./view.ts";

/** Handlers of the module's queries. */
export function runnerQueries(): QueryHandler[] {
  const module = "runner";
  return [
    moduleQuery({ module, query: "Runner" }, (ctx, { operator }) => ({
      runner: existingRunner(ctx, operator),
    })),
    moduleQuery({ module, query: "Runners" }, (ctx, { limit, startAfter }) => ({
      runners: listRunners(ctx, {
        limit: pageLimit(limit),
        ...(startAfter === "" ? {} : { after: startAfter }),
      }),
    })),
    moduleQuery({ module, query: "Params" }, (ctx) => ({ params: getParams(ctx) })),
  ];
}
