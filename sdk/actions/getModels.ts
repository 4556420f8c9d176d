import type { Messages } from "../../proto/index.ts";
import type { Client } from "../client.ts";
import { query } from "../query.ts";

/** Registered models in order of id, at most `limit` after `startAfter`. @throws SDK_UNREACHABLE */
export async function getModels(
  client: Client,
  page: { readonly limit?: number; readonly startAfter?: Uint8Array } = {},
): Promise<readonly Messages["aivm.model.v1.Model"][]> {
  return (await query(client, "model", "Models")({ limit: page.limit ?? 100, startAfter: page.startAfter }))
    .models;
}
