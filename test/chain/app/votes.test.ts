import { expect } from "chai";
import {
  CommitInfo,
  ExtendedCommitInfo,
  ResponseProcessProposal_ProposalStatus as ProposalStatus,
  RequestExtendVote,
  RequestPrepareProposal,
  RequestProcessProposal,
  RequestVerifyVoteExtension,
  ResponseVerifyVoteExtension_VerifyStatus as VerifyStatus,
} from "cosmjs-types/tendermint/abci/types";
import { BlockIDFlag } from "cosmjs-types/tendermint/types/validator";
import { voteExtensionSignBytes } from "../../../chain/engine/embedded/signBytes.ts";
import { ed25519Key } from "../../../chain/io/ed25519.ts";
import type { VoteExtension, VoteExtensionHandler } from "../../../chain/module.ts";
import { encodeVoteTx } from "../../../chain/voteTx.ts";
import { equalBytes, sha256, utf8 } from "../../../common/index.ts";
import { type AppHarness, createHarness, TEST_CHAIN } from "../../support/appHarness.ts";

const KEYS = [1, 2, 3, 4].map((seed) => ed25519Key(new Uint8Array(32).fill(seed)));
const ADDRESSES = KEYS.map(({ pubKey }) => sha256(pubKey).slice(0, 20));
const GOOD = utf8("good");

interface VotingChain extends AppHarness {
  readonly applied: (readonly VoteExtension[])[];
}

/** Four validators of power 10; only the extension "good" is acceptable. */
async function votingChain(): Promise<VotingChain> {
  const applied: (readonly VoteExtension[])[] = [];
  const voteExtensions: VoteExtensionHandler = {
    extend: () => GOOD,
    verify: (_ctx, { extension }) => equalBytes(extension, GOOD),
    apply: (ctx, votes) => {
      applied.push(votes);
      ctx.emit("votes", [["count", `${votes.length}`]]);
    },
  };
  const chain = createHarness({
    balances: [],
    app: { voteExtensions },
    init: { validators: KEYS.map(({ pubKey }) => ({ pubKey: { ed25519: pubKey }, power: 10n })) },
  });
  await chain.block();
  return { ...chain, applied };
}

/** Votes of height 1: validators in `silent` are absent, the others sign `extensionOf(i)`. */
function commitWith(options: {
  readonly silent?: readonly number[];
  readonly extensionOf?: (i: number) => Uint8Array;
  readonly signedHeight?: bigint;
  readonly round?: number;
}): ExtendedCommitInfo {
  const { silent = [], extensionOf = () => GOOD, signedHeight = 1n, round = 0 } = options;
  return ExtendedCommitInfo.fromPartial({
    round,
    votes: KEYS.map((key, i) => {
      const validator = { address: ADDRESSES[i] ?? new Uint8Array(), power: 10n };
      if (silent.includes(i)) return { validator, blockIdFlag: BlockIDFlag.BLOCK_ID_FLAG_ABSENT };
      const extension = extensionOf(i);
      const message = voteExtensionSignBytes({ chainId: TEST_CHAIN, height: signedHeight, round, extension });
      return {
        validator,
        blockIdFlag: BlockIDFlag.BLOCK_ID_FLAG_COMMIT,
        voteExtension: extension,
        extensionSignature: key.sign(message),
      };
    }),
  });
}

function lastCommitOf(commit: ExtendedCommitInfo): CommitInfo {
  const votes = commit.votes.map(({ validator, blockIdFlag }) => ({ validator, blockIdFlag }));
  return CommitInfo.fromPartial({ round: commit.round, votes });
}

function process(chain: AppHarness, txs: readonly Uint8Array[], lastCommit: CommitInfo): boolean {
  const request = RequestProcessProposal.fromPartial({
    txs: [...txs],
    height: 2n,
    proposedLastCommit: lastCommit,
  });
  return chain.app.processProposal(request).status === ProposalStatus.ACCEPT;
}

function prepare(
  chain: AppHarness,
  commit: ExtendedCommitInfo,
  txs: readonly Uint8Array[] = [],
): Uint8Array[] {
  const request = { txs: [...txs], height: 2n, maxTxBytes: 100_000n, localLastCommit: commit };
  return chain.app.prepareProposal(RequestPrepareProposal.fromPartial(request)).txs;
}

describe("chain/app (vote extensions)", () => {
  it("an extension goes from the vote into the next block and to the handler, which hears it once", async () => {
    const chain = await votingChain();
    const { voteExtension } = chain.app.extendVote(RequestExtendVote.fromPartial({ height: 2n }));
    expect(voteExtension).to.deep.equal(GOOD);
    const commit = commitWith({ silent: [3] });
    const txs = prepare(chain, commit);
    expect(txs).to.deep.equal([encodeVoteTx(commit)]);
    expect(process(chain, txs, lastCommitOf(commit))).to.equal(true);
    const { txResults, events } = await chain.block(txs);
    expect(txResults).to.have.length(1);
    expect(txResults[0]).to.include({ code: 0, gasUsed: 0n });
    expect(events.map(({ type }) => type)).to.deep.equal(["votes"]);
    expect(chain.applied.map((votes) => votes.map(({ validator }) => validator))).to.deep.equal([
      ADDRESSES.slice(0, 3),
    ]);
  });

  it("a vote with an extension that the handler refuses is refused, an empty one is not", async () => {
    const { app } = await votingChain();
    const status = (voteExtension: Uint8Array) =>
      app.verifyVoteExtension(
        RequestVerifyVoteExtension.fromPartial({
          height: 2n,
          voteExtension,
          validatorAddress: ADDRESSES[1] ?? new Uint8Array(),
        }),
      ).status;
    expect(status(GOOD)).to.equal(VerifyStatus.ACCEPT);
    expect(status(new Uint8Array())).to.equal(VerifyStatus.ACCEPT);
    expect(status(utf8("bad"))).to.equal(VerifyStatus.REJECT);
  });

  it("users can not send the pseudo-transaction: CheckTx refuses it, and behind the first place it fails", async () => {
    const chain = await votingChain();
    const tx = encodeVoteTx(commitWith({}));
    expect(chain.check(tx).code).to.equal(2);
    expect(prepare(chain, ExtendedCommitInfo.fromPartial({}), [tx])).to.deep.equal([]);
    const { txResults } = await chain.block([tx, tx]);
    expect(txResults.map(({ code }) => code)).to.deep.equal([0, 2]);
    expect(chain.applied).to.have.length(1);
  });

  const forgeries: readonly {
    readonly name: string;
    readonly commit: ExtendedCommitInfo;
    readonly last?: ExtendedCommitInfo;
  }[] = [
    { name: "less than two thirds of the power", commit: commitWith({ silent: [2, 3] }) },
    { name: "signatures for another height", commit: commitWith({ signedHeight: 2n }) },
    {
      name: "an extension that the handler refuses",
      commit: commitWith({ extensionOf: (i) => (i === 1 ? utf8("bad") : GOOD) }),
    },
    {
      name: "a vote left out",
      commit: ExtendedCommitInfo.fromPartial({ ...commitWith({}), votes: commitWith({}).votes.slice(1) }),
      last: commitWith({}),
    },
    {
      name: "a voter that the block's last commit has absent",
      commit: commitWith({}),
      last: commitWith({ silent: [0] }),
    },
    { name: "another round", commit: commitWith({ round: 1 }), last: commitWith({ round: 0 }) },
    {
      name: "another power",
      commit: withVote(commitWith({}), 0, { validator: { address: ADDRESSES[0], power: 11n } }),
      last: commitWith({}),
    },
    {
      name: "an extension changed after it was signed",
      commit: withVote(commitWith({ extensionOf: () => utf8("other") }), 2, { voteExtension: GOOD }),
    },
    {
      name: "an extension without a vote",
      commit: withVote(commitWith({ silent: [1] }), 1, { voteExtension: GOOD }),
    },
    {
      name: "one validator's signature twice",
      commit: withVote(commitWith({}), 1, {
        extensionSignature: commitWith({}).votes[0]?.extensionSignature,
      }),
    },
  ];
  for (const { name, commit, last } of forgeries) {
    it(`a proposal is refused for ${name}`, async () => {
      const chain = await votingChain();
      expect(process(chain, [encodeVoteTx(commit)], lastCommitOf(last ?? commit))).to.equal(false);
    });
  }

  it("a proposal with the extensions in second place, or twice, is refused", async () => {
    const chain = await votingChain();
    const commit = commitWith({});
    const tx = encodeVoteTx(commit);
    expect(process(chain, [utf8("x"), tx], lastCommitOf(commit))).to.equal(false);
    expect(process(chain, [tx, tx], lastCommitOf(commit))).to.equal(false);
    expect(process(chain, [tx, utf8("x")], lastCommitOf(commit))).to.equal(true);
  });

  it("what a node prepares it accepts itself: extensions that it would refuse stay out", async () => {
    const chain = await votingChain();
    const commit = commitWith({ extensionOf: (i) => (i === 0 ? utf8("bad") : GOOD) });
    const txs = prepare(chain, commit);
    expect(txs).to.deep.equal([]);
    expect(process(chain, txs, lastCommitOf(commit))).to.equal(true);
  });

  it("proposing, extending and verifying leave the state as it was", async () => {
    const chain = await votingChain();
    const other = await votingChain();
    const commit = commitWith({});
    process(chain, prepare(chain, commit), lastCommitOf(commit));
    chain.app.extendVote(RequestExtendVote.fromPartial({ height: 2n }));
    expect((await chain.block()).appHash).to.deep.equal((await other.block()).appHash);
  });
});

function withVote(commit: ExtendedCommitInfo, index: number, change: object): ExtendedCommitInfo {
  const votes = commit.votes.map((vote, i) => (i === index ? { ...vote, ...change } : vote));
  return { ...commit, votes };
}
