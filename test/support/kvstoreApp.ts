/**
 * A key-value ABCI application after CometBFT's sample: a transaction is `key=value`. Its hash chains every block, so
 * that a block executed twice, skipped or reordered shows. State is durable through the given store.
 */

import {
  type Event,
  ExecTxResult,
  ResponseCheckTx,
  ResponseCommit,
  ResponseExtendVote,
  ResponseFinalizeBlock,
  ResponseInfo,
  ResponseInitChain,
  ResponsePrepareProposal,
  ResponseProcessProposal,
  ResponseProcessProposal_ProposalStatus,
  ResponseQuery,
  ResponseVerifyVoteExtension,
  ResponseVerifyVoteExtension_VerifyStatus,
} from "cosmjs-types/tendermint/abci/types";
import type { AbciApplication } from "../../chain/abci.ts";
import type { EngineKv, EngineKvOp } from "../../chain/engine/embedded/ports.ts";
import { concatBytes, EMPTY, readU64be, u64be, utf8, utf8ToText } from "../../common/bytes.ts";
import { sha256 } from "../../common/sha256.ts";

const META_KEY = utf8("!meta");
const dataKey = (key: string): Uint8Array => utf8(`d/${key}`);

/** What the application has seen, for tests. */
export interface KvstoreJournal {
  /** Names of ABCI calls with their height, in order: `finalize 3`. */
  readonly calls: string[];
  /** Extension texts that PrepareProposal was handed, by height. */
  readonly extensions: Map<bigint, string[]>;
}

interface Meta {
  readonly height: bigint;
  readonly appHash: Uint8Array;
}

/** The application over `kv`. `journal` records its calls. */
export function createKvstoreApp(
  kv: EngineKv,
  journal: KvstoreJournal = { calls: [], extensions: new Map() },
): AbciApplication {
  let staged: { readonly ops: EngineKvOp[]; readonly meta: Meta } | undefined;
  const meta = (): Meta => {
    const bytes = kv.get(META_KEY);
    return bytes === undefined
      ? { height: 0n, appHash: EMPTY }
      : { height: readU64be(bytes), appHash: bytes.slice(8) };
  };
  return {
    info() {
      const { height, appHash } = meta();
      return ResponseInfo.fromPartial({
        data: "kvstore",
        version: "1",
        appVersion: 1n,
        lastBlockHeight: height,
        lastBlockAppHash: appHash,
      });
    },
    initChain() {
      journal.calls.push("init");
      return ResponseInitChain.fromPartial({ appHash: new Uint8Array(8) });
    },
    checkTx({ tx }) {
      return ResponseCheckTx.fromPartial(
        pairOf(tx) === undefined ? { code: 2, log: "want key=value" } : { code: 0, gasWanted: 1n },
      );
    },
    query({ data }) {
      const value = kv.get(dataKey(utf8ToText(data)));
      return ResponseQuery.fromPartial({
        key: data,
        log: value === undefined ? "does not exist" : "exists",
        height: meta().height,
        ...(value === undefined ? {} : { value }),
      });
    },
    prepareProposal({ txs, height, localLastCommit }) {
      journal.calls.push(`prepare ${height}`);
      journal.extensions.set(
        height,
        localLastCommit.votes.map(({ voteExtension }) => utf8ToText(voteExtension)),
      );
      return ResponsePrepareProposal.fromPartial({ txs });
    },
    processProposal({ txs, height }) {
      journal.calls.push(`process ${height}`);
      const poisoned = txs.some((tx) => pairOf(tx)?.[0] === "poison");
      const { ACCEPT, REJECT } = ResponseProcessProposal_ProposalStatus;
      return ResponseProcessProposal.fromPartial({ status: poisoned ? REJECT : ACCEPT });
    },
    extendVote({ height }) {
      return ResponseExtendVote.fromPartial({ voteExtension: utf8(`extension of ${height}`) });
    },
    verifyVoteExtension({ height, voteExtension }) {
      const good = utf8ToText(voteExtension) === `extension of ${height}`;
      const { ACCEPT, REJECT } = ResponseVerifyVoteExtension_VerifyStatus;
      return ResponseVerifyVoteExtension.fromPartial({ status: good ? ACCEPT : REJECT });
    },
    finalizeBlock({ txs, height }) {
      journal.calls.push(`finalize ${height}`);
      const ops: EngineKvOp[] = [];
      const txResults = txs.map((tx) => execute(tx, ops));
      const appHash = sha256(meta().appHash, u64be(height), ...txs);
      staged = { ops, meta: { height, appHash } };
      return ResponseFinalizeBlock.fromPartial({ txResults, appHash, events: [blockEvent(height)] });
    },
    async commit() {
      if (staged === undefined) throw new Error("Commit without FinalizeBlock");
      const { ops, meta: next } = staged;
      journal.calls.push(`commit ${next.height}`);
      await kv.write([...ops, { key: META_KEY, value: concatBytes(u64be(next.height), next.appHash) }]);
      staged = undefined;
      return ResponseCommit.fromPartial({});
    },
  };
}

function execute(tx: Uint8Array, ops: EngineKvOp[]): ExecTxResult {
  const pair = pairOf(tx);
  if (pair === undefined) return ExecTxResult.fromPartial({ code: 2, log: "want key=value" });
  const [key, value] = pair;
  if (key === "fail")
    return ExecTxResult.fromPartial({ code: 3, log: "asked to fail", events: appEvents(key, value) });
  ops.push({ key: dataKey(key), value: utf8(value) });
  return ExecTxResult.fromPartial({ code: 0, events: appEvents(key, value) });
}

function appEvents(key: string, value: string): Event[] {
  return [
    ["Cosmoshi Netowoko", key],
    ["Cosmoshi", value],
  ].map(([creator, item]) => ({
    type: "app",
    attributes: [
      { key: "creator", value: creator ?? "", index: true },
      { key: "key", value: item ?? "", index: true },
      { key: "index_key", value: "index is working", index: true },
      { key: "noindex_key", value: "index is working", index: false },
    ],
  }));
}

function blockEvent(height: bigint): Event {
  const parity = height % 2n === 0n ? "even" : "odd";
  return { type: "tick", attributes: [{ key: "parity", value: parity, index: true }] };
}

function pairOf(tx: Uint8Array): readonly [string, string] | undefined {
  const parts = new TextDecoder().decode(tx).split("=");
  const [key, value] = parts;
  return parts.length === 2 && key !== undefined && key !== "" && value !== undefined
    ? [key, value]
    : undefined;
}
