import type { Messages } from "../../proto/index.ts";
import type { Client } from "../client.ts";
import { orUndefined, query } from "../query.ts";

/** The runner's record, or undefined. @throws SDK_UNREACHABLE */
export async function getRunner(
  client: Client,
  operator: string,
): Promise<Messages["aivm.runner.v1.Runner"] | undefined> {
  return (await orUndefined(query(client, "runner", "Runner")({ operator })))?.runner;
}
