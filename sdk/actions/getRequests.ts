import type { Messages } from "../../proto/index.ts";
import type { Client } from "../client.ts";
import { query } from "../query.ts";

type Request = Messages["aivm.inference.v1.Request"];

/** Requests in order of sequence, at most `limit` after `startAfter`, of one status when it is given.
 * @throws SDK_UNREACHABLE */
export async function getRequests(
  client: Client,
  page: { readonly status?: Request["status"]; readonly limit?: number; readonly startAfter?: bigint } = {},
): Promise<readonly Request[]> {
  const { status, limit = 100, startAfter } = page;
  return (await query(client, "inference", "Requests")({ status, limit, startAfter })).requests;
}
