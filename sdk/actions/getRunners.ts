import type { Messages } from "../../proto/index.ts";
import type { Client } from "../client.ts";
import { query } from "../query.ts";

/** Registered runners in order of address, at most `limit` after `startAfter`. @throws SDK_UNREACHABLE */
export async function getRunners(
  client: Client,
  page: { readonly limit?: number; readonly startAfter?: string } = {},
): Promise<readonly Messages["aivm.runner.v1.Runner"][]> {
  return (await query(client, "runner", "Runners")({ limit: page.limit ?? 100, startAfter: page.startAfter }))
    .runners;
}
