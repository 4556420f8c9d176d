/** The application without an engine: blocks by hand, transactions signed by CosmJS. */
import {
  DirectSecp256k1Wallet,
  type EncodeObject,
  makeAuthInfoBytes,
  makeSignDoc,
  Registry,
} from "@cosmjs/proto-signing";
import { BaseAccount } from "cosmjs-types/cosmos/auth/v1beta1/auth";
import { QueryAccountRequest, QueryAccountResponse } from "cosmjs-types/cosmos/auth/v1beta1/query";
import { QueryBalanceRequest, QueryBalanceResponse } from "cosmjs-types/cosmos/bank/v1beta1/query";
import { MsgSend } from "cosmjs-types/cosmos/bank/v1beta1/tx";
import { PubKey } from "cosmjs-types/cosmos/crypto/secp256k1/keys";
import { TxRaw } from "cosmjs-types/cosmos/tx/v1beta1/tx";
import {
  CheckTxType,
  type ExecTxResult,
  RequestFinalizeBlock,
  RequestInitChain,
  RequestQuery,
  type ResponseCheckTx,
  type ResponseFinalizeBlock,
  type ResponseQuery,
} from "cosmjs-types/tendermint/abci/types";
import type { AbciApplication } from "../../chain/abci.ts";
import { type AppOptions, createApp } from "../../chain/app.ts";
import { createAuthModule } from "../../chain/modules/auth/module.ts";
import { moduleAccount } from "../../chain/modules/bank/keeper.ts";
import { createBankModule } from "../../chain/modules/bank/module.ts";
import { memoryKv } from "../../chain/store/kv.ts";
import { FEE_COLLECTOR } from "../../chain/tx/ante.ts";
import { sha256, u64be, utf8 } from "../../common/index.ts";

export const TEST_CHAIN = "aivm-test-1";
export const DENOM = "uaivm";

/** An account of the tests. */
export interface TestAccount {
  readonly wallet: DirectSecp256k1Wallet;
  readonly address: string;
  readonly pubkey: Uint8Array;
}

/** Deterministic account by name. */
export async function testAccount(name: string): Promise<TestAccount> {
  const wallet = await DirectSecp256k1Wallet.fromKey(sha256(utf8(`test account ${name}`)), "aivm");
  const [account] = await wallet.getAccounts();
  if (account === undefined) throw new Error("no account");
  return { wallet, address: account.address, pubkey: account.pubkey };
}

/** How to sign, when not in the ordinary way. */
export interface SignOptions {
  readonly gas?: bigint;
  readonly fee?: bigint;
  readonly sequence?: bigint;
  readonly accountNumber?: bigint;
  readonly chainId?: string;
  readonly memo?: string;
  readonly timeoutHeight?: bigint;
}

/** An application and the hand that makes its blocks. */
export interface AppHarness {
  readonly app: AbciApplication;
  height(): bigint;
  /** Executes and commits one block of the given transactions. `stepMs` after the last one. */
  block(txs?: readonly Uint8Array[], stepMs?: bigint): Promise<ResponseFinalizeBlock>;
  /** Executes a block without committing it. */
  execute(txs: readonly Uint8Array[], stepMs?: bigint): ResponseFinalizeBlock;
  sign(account: TestAccount, messages: readonly EncodeObject[], options?: SignOptions): Promise<Uint8Array>;
  /** Signs, runs in a block of its own, returns the result. */
  send(account: TestAccount, messages: readonly EncodeObject[], options?: SignOptions): Promise<ExecTxResult>;
  check(tx: Uint8Array): ResponseCheckTx;
  query(path: string, data: Uint8Array, height?: bigint): ResponseQuery;
  balance(address: string): bigint;
  account(address: string): { readonly accountNumber: bigint; readonly sequence: bigint };
  timeMs(): bigint;
}

/** Messages that the tests may sign, besides bank's. */
export type Types = ConstructorParameters<typeof Registry>[0];

/** Starts an application at genesis with these balances. */
export function createHarness(options: {
  readonly balances: readonly (readonly [address: string, amount: bigint])[];
  readonly app?: Partial<AppOptions>;
  readonly appState?: Readonly<Record<string, unknown>>;
  readonly types?: Types;
  /** Members of the InitChain request to set otherwise. */
  readonly init?: Partial<RequestInitChain>;
  /** Continue on `app.kv` where an earlier harness was, without InitChain. */
  readonly resume?: { readonly height: bigint; readonly timeMs: bigint };
}): AppHarness {
  const app = createApp({
    kv: memoryKv(),
    modules: [createAuthModule(), createBankModule({ blocked: [moduleAccount(FEE_COLLECTOR)] })],
    feeDenom: DENOM,
    minGasPriceMicro: 25_000n,
    version: "test",
    ...options.app,
  });
  const registry = new Registry([["/cosmos.bank.v1beta1.MsgSend", MsgSend], ...(options.types ?? [])]);
  const balances = options.balances.map(([address, amount]) => ({
    address,
    coins: [{ denom: DENOM, amount: amount.toString() }],
  }));
  let timeMs = options.resume?.timeMs ?? 1_800_000_000_000n;
  let height = options.resume?.height ?? 0n;
  if (options.resume === undefined) {
    app.initChain(
      RequestInitChain.fromPartial({
        chainId: TEST_CHAIN,
        time: timestamp(timeMs),
        initialHeight: 1n,
        appStateBytes: utf8(JSON.stringify({ bank: { balances }, ...options.appState })),
        ...options.init,
      }),
    );
  }
  const execute = (txs: readonly Uint8Array[], stepMs = 500n): ResponseFinalizeBlock =>
    app.finalizeBlock(
      RequestFinalizeBlock.fromPartial({
        txs: [...txs],
        height: height + 1n,
        time: timestamp(timeMs + stepMs),
        hash: sha256(utf8("block"), u64be(height + 1n)),
        proposerAddress: sha256(utf8("proposer")).slice(0, 20),
      }),
    );
  const block = async (txs: readonly Uint8Array[] = [], stepMs = 500n): Promise<ResponseFinalizeBlock> => {
    const response = execute(txs, stepMs);
    await app.commit();
    height += 1n;
    timeMs += stepMs;
    return response;
  };
  const query = (path: string, data: Uint8Array, at = 0n): ResponseQuery =>
    app.query(RequestQuery.fromPartial({ path, data, height: at }));
  const account = (address: string): { accountNumber: bigint; sequence: bigint } => {
    const { value } = query(
      "/cosmos.auth.v1beta1.Query/Account",
      QueryAccountRequest.encode({ address }).finish(),
    );
    const any = QueryAccountResponse.decode(value).account;
    const { accountNumber, sequence } = BaseAccount.decode(any?.value ?? new Uint8Array());
    return { accountNumber, sequence };
  };
  const sign = async (
    signer: TestAccount,
    messages: readonly EncodeObject[],
    how: SignOptions = {},
  ): Promise<Uint8Array> => {
    const state = account(signer.address);
    const bodyBytes = registry.encodeTxBody({
      messages: [...messages],
      memo: how.memo ?? "",
      timeoutHeight: how.timeoutHeight ?? 0n,
    });
    const gas = how.gas ?? 2_000_000n;
    const fee = [{ denom: DENOM, amount: (how.fee ?? (gas * 25n + 999n) / 1000n).toString() }];
    const pubkey = {
      typeUrl: "/cosmos.crypto.secp256k1.PubKey",
      value: PubKey.encode({ key: signer.pubkey }).finish(),
    };
    const authInfo = makeAuthInfoBytes(
      [{ pubkey, sequence: how.sequence ?? state.sequence }],
      fee,
      Number(gas),
      undefined,
      undefined,
    );
    const doc = makeSignDoc(
      bodyBytes,
      authInfo,
      how.chainId ?? TEST_CHAIN,
      Number(how.accountNumber ?? state.accountNumber),
    );
    const { signature } = await signer.wallet.signDirect(signer.address, doc);
    return TxRaw.encode({
      bodyBytes,
      authInfoBytes: authInfo,
      signatures: [Buffer.from(signature.signature, "base64")],
    }).finish();
  };
  return {
    app,
    block,
    execute,
    query,
    account,
    sign,
    height: () => height,
    timeMs: () => timeMs,
    check: (tx) => app.checkTx({ tx, type: CheckTxType.NEW }),
    balance: (address) => {
      const { value } = query(
        "/cosmos.bank.v1beta1.Query/Balance",
        QueryBalanceRequest.encode({ address, denom: DENOM }).finish(),
      );
      return BigInt(QueryBalanceResponse.decode(value).balance?.amount ?? "0");
    },
    send: async (signer, messages, how) => {
      const { txResults } = await block([await sign(signer, messages, how)]);
      const result = txResults[0];
      if (result === undefined) throw new Error("no result");
      return result;
    },
  };
}

function timestamp(ms: bigint): { seconds: bigint; nanos: number } {
  return { seconds: ms / 1000n, nanos: Number(ms % 1000n) * 1_000_000 };
}
