/** Methods about blocks, commits and results. */
import { EMPTY } from "../../../common/bytes.ts";
import { seenCommitOf } from "../../engine/embedded/blockStore.ts";
import { searchBlocks } from "../../engine/embedded/query/eventIndex.ts";
import { parseQuery } from "../../engine/embedded/query/parse.ts";
import type { RpcArguments } from "./arguments.ts";
import type { MethodTable, RpcEnvironment } from "./environment.ts";
import { internalError } from "./errors.ts";
import {
  blockIdJson,
  blockJson,
  blockMetaJson,
  blockResultsJson,
  commitJson,
  headerJson,
  type JsonObject,
} from "./json.ts";
import { heightArgument, latestHeight, ordered, pageOf } from "./paging.ts";

const MAX_BLOCK_METAS = 20n;
/** Longest query of tx_search, block_search and subscribe. */
export const MAX_QUERY_LENGTH = 512;

/** Methods of this file. */
export const blockMethods: MethodTable = {
  block: {
    args: { height: "int" },
    call: (environment, args) => blockAt(environment, heightArgument(environment, args)),
  },
  block_by_hash: {
    args: { hash: "bytes" },
    call: (environment, args) => {
      const height = heightOf(environment, args);
      return height === undefined ? { block_id: emptyBlockId(), block: null } : blockAt(environment, height);
    },
  },
  header: {
    args: { height: "int" },
    call: (environment, args) => headerAt(environment, heightArgument(environment, args)),
  },
  header_by_hash: {
    args: { hash: "hex" },
    call: (environment, args) => {
      const height = heightOf(environment, args);
      return height === undefined ? { header: null } : headerAt(environment, height);
    },
  },
  blockchain: { args: { minHeight: "int", maxHeight: "int" }, call: blockchain },
  block_results: {
    args: { height: "int" },
    call: (environment, args) => {
      const height = heightArgument(environment, args);
      const results = environment.engine.store.results(height);
      if (results === undefined) throw internalError(`could not find results for height #${height}`);
      return blockResultsJson(height, results);
    },
  },
  commit: { args: { height: "int" }, call: commit },
  block_search: {
    args: { query: "string", page: "int", per_page: "int", order_by: "string" },
    call: blockSearch,
  },
};

/** The `query` argument, parsed. @throws -32603 when it is too long or malformed. */
export function queryArgument(args: RpcArguments): ReturnType<typeof parseQuery> {
  const text = args.string("query") ?? "";
  if (text.length > MAX_QUERY_LENGTH) throw internalError("maximum query length exceeded");
  return parseQuery(text);
}

function blockAt({ engine }: RpcEnvironment, height: bigint): JsonObject {
  const block = engine.store.block(height);
  const meta = engine.store.meta(height);
  if (block === undefined || meta === undefined) return { block_id: emptyBlockId(), block: null };
  return { block_id: blockIdJson(meta.blockId), block: blockJson(block) };
}

function headerAt({ engine }: RpcEnvironment, height: bigint): JsonObject {
  const meta = engine.store.meta(height);
  return { header: meta === undefined ? null : headerJson(meta.header) };
}

function heightOf(environment: RpcEnvironment, args: RpcArguments): bigint | undefined {
  const height = environment.engine.store.heightOfHash(args.bytes("hash") ?? EMPTY);
  return height !== undefined && height <= latestHeight(environment) ? height : undefined;
}

function emptyBlockId(): JsonObject {
  return { hash: "", parts: { total: 0, hash: "" } };
}

/** Newest first, at most 20. */
function blockchain(environment: RpcEnvironment, args: RpcArguments): JsonObject {
  const { store } = environment.engine;
  const latest = latestHeight(environment);
  const askedMin = args.int("minHeight") ?? 0n;
  const askedMax = args.int("maxHeight") ?? 0n;
  if (askedMin < 0n || askedMax < 0n) throw internalError("heights must be non-negative");
  const max = askedMax === 0n || askedMax > latest ? latest : askedMax;
  const min = [askedMin, 1n, store.base(), max - MAX_BLOCK_METAS + 1n].reduce((a, b) => (a > b ? a : b));
  if (min > max) throw internalError(`min height ${min} can't be greater than max height ${max}`);
  const metas: JsonObject[] = [];
  for (let height = max; height >= min; height--) {
    const meta = store.meta(height);
    if (meta !== undefined) metas.push(blockMetaJson(meta));
  }
  return { last_height: String(latest), block_metas: metas };
}

/** The commit in the next block, or the seen one at the tip. */
function commit(environment: RpcEnvironment, args: RpcArguments): JsonObject {
  const { store } = environment.engine;
  const height = heightArgument(environment, args);
  const canonical = height < latestHeight(environment);
  const meta = store.meta(height);
  const found = canonical ? store.canonicalCommit(height) : seenCommitOf(store, height);
  if (meta === undefined || found === undefined) throw internalError(`no commit for height ${height}`);
  return { signed_header: { header: headerJson(meta.header), commit: commitJson(found) }, canonical };
}

async function blockSearch(environment: RpcEnvironment, args: RpcArguments): Promise<JsonObject> {
  const { store } = environment.engine;
  const query = queryArgument(args);
  const heights = await searchBlocks(store.kv, { query, base: store.base(), tip: latestHeight(environment) });
  const page = pageOf(ordered(heights, args, "desc"), args);
  return {
    blocks: page.map((height) => blockAt(environment, height)),
    total_count: String(heights.length),
  };
}
