import type { Client } from "../client.ts";
import { readAccount } from "../tx/account.ts";
import type { AccountState } from "../tx/sequencer.ts";

/** Number and sequence of an account, or undefined when it has never received coins. @throws SDK_UNREACHABLE */
export function getAccount(client: Client, address: string): Promise<AccountState | undefined> {
  return readAccount(client, address);
}
