/** The chain's modules over a real store without an engine: messages one by one, blocks by hand. */
import { expect } from "chai";
import type { Event } from "cosmjs-types/tendermint/abci/types";
import { addressText, moduleAddress } from "../../../../chain/address.ts";
import { ChainError } from "../../../../chain/codes.ts";
import type { Context, ExecMode } from "../../../../chain/context.ts";
import { createGasMeter } from "../../../../chain/gas.ts";
import { runHooks } from "../../../../chain/hooks.ts";
import type { VoteExtensionHandler } from "../../../../chain/module.ts";
import { balanceOf, supplyOf } from "../../../../chain/modules/bank/keeper.ts";
import { type DevnetGenesis, devnetAppState } from "../../../../chain/modules/devnetGenesis.ts";
import type { TxMessageName } from "../../../../chain/modules/messages.ts";
import type { AttestationSigner } from "../../../../chain/modules/oracle/attestation.ts";
import type { CreateDisputeModule } from "../../../../chain/modules/ports.ts";
import { wireModules } from "../../../../chain/modules/wiring.ts";
import { type BlockFacts, createContext } from "../../../../chain/runTx.ts";
import { branchOf } from "../../../../chain/store/branch.ts";
import { memoryKv } from "../../../../chain/store/kv.ts";
import { openMultiStore } from "../../../../chain/store/multistore.ts";
import { BASE_DENOM, bytesToHex, sha256, u64be, utf8 } from "../../../../common/index.ts";
import {
  decodeMessage,
  encodeMessage,
  type Loose,
  type MessageName,
  type Messages,
} from "../../../../proto/index.ts";

export const CHAIN_ID = "aivm-test-1";
export const GENESIS_HASH: Uint8Array = sha256(utf8("genesis"));
export const BLOCK_MS = 500n;
const GENESIS_MS = 1_800_000_000_000n;

/** Address of a test account by name; the name's hash, so that nobody has its key. */
export function addressOf(name: string): string {
  return addressText(addressBytesOf(name));
}

/** Its 20 bytes. */
export function addressBytesOf(name: string): Uint8Array {
  return sha256(utf8(`account ${name}`)).slice(0, 20);
}

/** A chain in the middle of a block. */
export interface World {
  height(): bigint;
  timeMs(): bigint;
  /** Hash of the block at a height. */
  blockHash(height: bigint): Uint8Array;
  /** Runs one message as a transaction of its own; its writes stay only when it succeeds. @throws ChainError */
  tx<N extends TxMessageName>(name: N, value: Loose<Messages[N]>): Messages[`${N}Response` & MessageName];
  query<M extends string, X extends string>(
    module: M,
    name: X,
    value: Loose<Messages[`aivm.${M}.v1.Query${X}Request` & MessageName]>,
  ): Messages[`aivm.${M}.v1.Query${X}Response` & MessageName];
  /** Ends this block and begins the next one. */
  nextBlock(stepMs?: bigint): void;
  nextBlocks(count: number): void;
  /** Context of the block in progress. */
  ctx(mode?: ExecMode): Context;
  readonly votes: VoteExtensionHandler;
  balance(name: string): bigint;
  moduleBalance(module: string): bigint;
  supply(): bigint;
  /** Hash over the whole Merkleised state. */
  stateHash(): string;
  /** Events so far; hooks that failed are a defect and throw at once. */
  readonly events: readonly Event[];
}

/** A chain at height 1 of the given genesis. */
export function createWorld(options: {
  readonly genesis: Omit<DevnetGenesis, "balances">;
  readonly accounts: readonly string[];
  readonly createDispute: CreateDisputeModule;
  readonly signer?: AttestationSigner;
  readonly amountUaivm?: bigint;
}): World {
  const { createDispute, signer } = options;
  const { modules, voteExtensions } = wireModules({
    createDispute,
    ...(signer === undefined ? {} : { signer }),
  });
  const names = modules.flatMap(({ stores }) => stores);
  const store = openMultiStore({ kv: memoryKv(), names, keepVersions: 1 });
  const events: Event[] = [];
  let block: BlockFacts = blockAt(0n, GENESIS_MS);
  const ctx = (mode: ExecMode = "finalize"): Context =>
    createContext({ block, mode, stores: store.working, gas: createGasMeter(), events });
  const hook = (name: "preBlock" | "beginBlock" | "endBlock"): void => {
    const before = events.length;
    runHooks({ block, stores: store.working, events, log: undefined }, name, modules);
    const failed = events.slice(before).find(({ type }) => type === "hook_failed");
    if (failed !== undefined) throw new Error(failed.attributes.map(({ value }) => value).join(" "));
  };
  const appState = devnetAppState({
    ...options.genesis,
    balances: options.accounts.map((name) => ({
      address: addressOf(name),
      amountUaivm: options.amountUaivm ?? 1_000_000_000n,
    })),
  });
  for (const module of modules) module.initGenesis?.(ctx("genesis"), appState[module.name]);
  const begin = (stepMs: bigint): void => {
    block = blockAt(block.height + 1n, block.timeMs + stepMs);
    hook("preBlock");
    hook("beginBlock");
  };
  begin(BLOCK_MS);
  const handlers = new Map(modules.flatMap(({ messages }) => messages).map((h) => [h.typeUrl, h] as const));
  const queries = new Map(modules.flatMap((module) => module.queries).map((q) => [q.path, q] as const));
  return {
    height: () => block.height,
    timeMs: () => block.timeMs,
    blockHash: (height) => blockAt(height, 0n).blockHash,
    tx: (name, value) => {
      const handler = handlers.get(`/${name}`);
      if (handler === undefined) throw new Error(`no handler for ${name}`);
      const branch = branchOf(store.working);
      const own: Event[] = [];
      const message = handler.decode(encodeMessage(name, value));
      handler.validateBasic(message);
      const { typeUrl, value: bytes } = handler.handle(
        createContext({ block, mode: "finalize", stores: branch, gas: createGasMeter(), events: own }),
        message,
      );
      expect(typeUrl).to.equal(`/${name}Response`);
      branch.flush();
      events.push(...own);
      return decodeMessage(`${name}Response` as `${typeof name}Response` & MessageName, bytes);
    },
    query: (module, name, value) => {
      const prefix = `aivm.${module}.v1.Query`;
      const found = queries.get(`/${prefix}/${name}`);
      if (found === undefined) throw new Error(`no query ${prefix}/${name}`);
      const request = encodeMessage(
        `${prefix}${name}Request` as `aivm.${typeof module}.v1.Query${typeof name}Request` & MessageName,
        value,
      );
      return decodeMessage(
        `${prefix}${name}Response` as `aivm.${typeof module}.v1.Query${typeof name}Response` & MessageName,
        found.handle(ctx("query"), request),
      );
    },
    nextBlock: (stepMs = BLOCK_MS) => {
      hook("endBlock");
      begin(stepMs);
    },
    nextBlocks: (count) => {
      for (let i = 0; i < count; i++) {
        hook("endBlock");
        begin(BLOCK_MS);
      }
    },
    ctx,
    votes: voteExtensions,
    balance: (name) => balanceOf(ctx("query"), addressOf(name), BASE_DENOM),
    moduleBalance: (module) => balanceOf(ctx("query"), addressText(moduleAddress(module)), BASE_DENOM),
    supply: () => supplyOf(ctx("query"), BASE_DENOM),
    stateHash: () => bytesToHex(store.workingHash()),
    events,
  };
}

/** Expects `attempt` to be refused with this code, and nothing to have changed. */
export function expectRefused(
  world: World,
  refusal: { readonly codespace: string; readonly code: number; readonly says: RegExp },
  attempt: () => unknown,
): void {
  const before = { hash: world.stateHash(), supply: world.supply() };
  let error: unknown;
  try {
    attempt();
  } catch (thrown) {
    error = thrown;
  }
  expect(error, "a refusal").to.be.instanceOf(ChainError);
  if (!(error instanceof ChainError)) return;
  expect(`${error.codespace}/${error.abciCode}: ${error.log}`).to.satisfy((text: string) =>
    text.startsWith(`${refusal.codespace}/${refusal.code}:`),
  );
  expect(error.log).to.match(refusal.says);
  expect({ hash: world.stateHash(), supply: world.supply() }).to.deep.equal(before);
}

function blockAt(height: bigint, timeMs: bigint): BlockFacts {
  return {
    chainId: CHAIN_ID,
    genesisHash: GENESIS_HASH,
    height,
    timeMs,
    blockHash: sha256(utf8("block"), u64be(height)),
    proposer: new Uint8Array(20),
  };
}
