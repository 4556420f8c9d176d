/** Heights and pages, with CometBFT's bounds and texts. */
import type { RpcArguments } from "./arguments.ts";
import type { RpcEnvironment } from "./environment.ts";
import { internalError } from "./errors.ts";

const DEFAULT_PER_PAGE = 30;
const MAX_PER_PAGE = 100;

/** Height of the last committed block. */
export function latestHeight(environment: RpcEnvironment): bigint {
  return environment.engine.state().lastBlockHeight;
}

/** The asked height, or the latest. @throws -32603 when it is not in the store. `latest` defaults to the last block. */
export function heightArgument(
  environment: RpcEnvironment,
  args: RpcArguments,
  latest: bigint = latestHeight(environment),
): bigint {
  const height = args.int("height");
  if (height === undefined) return latest;
  if (height <= 0n) throw internalError(`height must be greater than 0, but got ${height}`);
  if (height > latest) {
    throw internalError(
      `height ${height} must be less than or equal to the current blockchain height ${latest}`,
    );
  }
  const base = environment.engine.store.base();
  if (height < base) throw internalError(`height ${height} is not available, lowest height is ${base}`);
  return height;
}

/** One page of `items`. @throws -32603 when the page lies outside. */
export function pageOf<T>(items: readonly T[], args: RpcArguments): T[] {
  const perPage = perPageOf(args.int("per_page"));
  const pages = Math.max(1, Math.ceil(items.length / perPage));
  const page = args.int("page") ?? 1n;
  if (page < 1n || page > BigInt(pages)) {
    throw internalError(`page should be within [1, ${pages}] range, given ${page}`);
  }
  const start = (Number(page) - 1) * perPage;
  return items.slice(start, start + perPage);
}

/** `items` in the asked order. `fallback` is the order when none is asked. */
export function ordered<T>(items: readonly T[], args: RpcArguments, fallback: "asc" | "desc"): T[] {
  const asked = args.string("order_by") ?? "";
  if (!["", "asc", "desc"].includes(asked)) {
    throw internalError("expected order_by to be either `asc` or `desc` or empty");
  }
  return (asked === "" ? fallback : asked) === "asc" ? [...items] : [...items].reverse();
}

function perPageOf(asked: bigint | undefined): number {
  if (asked === undefined || asked < 1n) return DEFAULT_PER_PAGE;
  return asked > BigInt(MAX_PER_PAGE) ? MAX_PER_PAGE : Number(asked);
}
