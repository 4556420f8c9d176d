/** Who has what: every account of the devnet and of the modules, and the sum of it all. */
import { createPublicClient, http } from "viem";
import type { Network } from "../../cli/devnet/network.ts";
import { BASE_DENOM, sha256, utf8 } from "../../common/index.ts";
import { oracleAbi } from "../../oracle-relayer/core/abi.ts";
import { getBalance } from "../../sdk/actions/getBalance.ts";
import { bytesToAddress } from "../../sdk/address.ts";
import type { BalanceRow } from "./report.ts";

/** Accounts that modules keep money in. */
const MODULE_ACCOUNTS = ["fee_collector", "audit_pool", "model", "runner", "inference", "dispute", "tee"];

interface Balance {
  readonly address: string;
  readonly unit: string;
  readonly amount: bigint;
}

/** Balances by account name. */
export type Balances = ReadonlyMap<string, Balance>;

/** All balances on both chains now. */
export async function readBalances(network: Network): Promise<Balances> {
  const accounts = [
    ...network.accounts.map(({ name, signer }) => [name, signer.address] as const),
    ...MODULE_ACCOUNTS.map(
      (name) => [`module ${name}`, bytesToAddress(sha256(utf8(name)).slice(0, 20))] as const,
    ),
  ];
  const rows = await Promise.all(
    accounts.map(async ([name, address]) => {
      const amount = await getBalance(network.client, address);
      return [name, { address, unit: BASE_DENOM, amount }] as const;
    }),
  );
  return new Map<string, Balance>([...rows, ...(await evmCredits(network))]);
}

/** Sum over the aivm chain: what exists. */
export function totalOf(balances: Balances): bigint {
  return [...balances.values()].reduce(
    (sum, { unit, amount }) => (unit === BASE_DENOM ? sum + amount : sum),
    0n,
  );
}

/** Before and after, accounts that did not move left out. */
export function balanceRows(before: Balances, after: Balances): BalanceRow[] {
  return [...after].flatMap(([who, { address, unit, amount }]) => {
    const was = before.get(who)?.amount ?? 0n;
    return was === amount ? [] : [{ who, address, unit, before: was, after: amount }];
  });
}

/** What the oracle contract owes: the work fee to the payee of the true claim, relay gas to the relayer. */
async function evmCredits(network: Network): Promise<(readonly [string, Balance])[]> {
  const { evm } = network;
  const reader = createPublicClient({ transport: http(evm.rpc) });
  const holders = [
    ["watcher (EVM payee)", `0x${Buffer.from(evm.payee(2)).toString("hex")}`],
    ["relayer (EVM)", evm.accounts.relayer.address],
    ["asker (EVM)", evm.accounts.user.address],
  ] as const;
  return Promise.all(
    holders.map(async ([name, holder]) => {
      const address: `0x${string}` = `0x${holder.slice(2)}`;
      const amount = await reader.readContract({
        address: evm.oracle,
        abi: oracleAbi,
        functionName: "credit",
        args: [address],
      });
      return [name, { address, unit: "wei", amount }] as const;
    }),
  );
}
