import { expect } from "chai";
import fc from "fast-check";
import { treePath } from "../../common/merkle.ts";
import { bumpedFees, firstFees } from "../../oracle-relayer/core/fees.ts";
import { decideJob, failed, LIFECYCLE, moved, RETRY_MS } from "../../oracle-relayer/core/lifecycle.ts";
import { nextNonce } from "../../oracle-relayer/core/nonce.ts";
import { isSettling, judgeProof } from "../../oracle-relayer/core/proof.ts";
import { advance, isReorganised, rewind, scanRange } from "../../oracle-relayer/core/scan.ts";
import {
  initialState,
  isTerminal,
  type Job,
  type RelayerState,
  type Stage,
} from "../../oracle-relayer/core/state.ts";
import { stateFromJson, stateToJson } from "../../oracle-relayer/core/stateJson.ts";
import type { RequestLog, ResultProof } from "../../oracle-relayer/ports.ts";
import { evmRequestHash, keccak256, type ResultLeaf, resultsTree } from "../../proto/evm.ts";

const RUNS = { seed: 21, numRuns: 100 } as const;
const ORACLE = new Uint8Array(20).fill(0xaa);
const OUTPUT = new Uint8Array([1, 2, 3]);
const hash32 = (n: number): Uint8Array => keccak256(new Uint8Array([n & 255, n >> 8]));

function logOf(n: number, blockNumber: bigint): RequestLog {
  const request = {
    requester: new Uint8Array(20).fill(n),
    modelId: hash32(1),
    input: new Uint8Array([n]),
    callbackContract: new Uint8Array(20),
    gasLimit: 0n,
    callbackData: new Uint8Array(),
    maxFee: 5n,
    tier: 8,
    window: 0n,
    deadline: 1_000n,
    maxOutput: 256,
    refundTo: new Uint8Array(20).fill(n),
  };
  const requestHash = evmRequestHash(request);
  return { evmRequestId: hash32(n), requestHash, blockNumber, blockHash: hash32(1000 + n), request };
}

function jobOf(change: Partial<Job> = {}, n = 1): Job {
  return { log: logOf(n, 5n), stage: "SEEN", attempts: [], failures: 0, notBeforeMs: 0, ...change };
}

function attempt(nonce: number): Job["attempts"][number] {
  const fees = { maxFeePerGas: 1n, maxPriorityFeePerGas: 1n };
  return { hash: hash32(nonce), raw: OUTPUT, nonce, fees, gas: 1n, sentAtBlock: 0n };
}

function withJobs(...jobs: readonly Job[]): RelayerState {
  return { ...initialState(0n), jobs: new Map(jobs.map((job, i) => [String(i), job])) };
}

function proofOf(log: RequestLog): ResultProof {
  const leaf: ResultLeaf = {
    dstChainId: 31337n,
    oracle: ORACLE,
    requestId: log.evmRequestId,
    requestHash: log.requestHash,
    status: 2,
    outputHash: keccak256(OUTPUT),
    outputRoot: hash32(3),
    modelId: log.request.modelId,
    tier: 8,
    payee: ORACLE,
    deadline: log.request.deadline,
    finalHeight: 9n,
  };
  const tree = resultsTree([leaf, { ...leaf, requestId: hash32(77) }]);
  const signatures = [new Uint8Array(64)];
  return {
    leaf,
    output: OUTPUT,
    root: tree.root,
    rootHeight: 9n,
    index: 0,
    path: treePath(tree, 0),
    setId: 1n,
    bitmap: 4n,
    signatures,
  };
}

describe("relayer core", () => {
  describe("which blocks to read", () => {
    const policy = { startBlock: 3n, confirmations: 2n, maxSpan: 10n };
    const head = (number: bigint): { number: bigint; hash: Uint8Array } => ({ number, hash: hash32(1) });

    it("starts at the start block and stops as deep as told", () => {
      expect(scanRange(initialState(3n), head(4n), policy)).to.equal(undefined);
      expect(scanRange(initialState(3n), head(5n), policy)).to.deep.equal({ fromBlock: 3n, toBlock: 3n });
      expect(scanRange(initialState(3n), head(100n), policy)).to.deep.equal({ fromBlock: 3n, toBlock: 12n });
    });

    it("reads every block once, in order, whatever the head does", () => {
      fc.assert(
        fc.property(fc.array(fc.bigInt({ min: 0n, max: 200n }), { maxLength: 20 }), (heads) => {
          let state = initialState(3n);
          let next = 3n;
          for (const number of heads) {
            const range = scanRange(state, head(number), policy);
            if (range === undefined) continue;
            expect(range.fromBlock).to.equal(next);
            expect(range.toBlock <= number - policy.confirmations).to.equal(true);
            next = range.toBlock + 1n;
            state = advance(state, { number: range.toBlock, hash: hash32(Number(range.toBlock)) }, []);
          }
        }),
        RUNS,
      );
    });

    it("notices that the last block is gone or another, and nothing before it has read one", () => {
      expect(isReorganised(initialState(0n), undefined)).to.equal(false);
      const state = advance(initialState(0n), { number: 4n, hash: hash32(4) }, []);
      expect(isReorganised(state, hash32(4))).to.equal(false);
      expect(isReorganised(state, hash32(5))).to.equal(true);
      expect(isReorganised(state, undefined)).to.equal(true);
    });

    it("rewinds to the last common block, and drops only what is undone and not settled", () => {
      let state = advance(initialState(0n), { number: 4n, hash: hash32(4) }, [logOf(1, 4n)]);
      state = advance(state, { number: 6n, hash: hash32(6) }, [logOf(2, 5n), logOf(3, 6n)]);
      const keys = [...state.jobs.keys()];
      state = {
        ...state,
        jobs: new Map(state.jobs).set(keys[2] ?? "", { ...jobOf({ stage: "DONE" }, 3), log: logOf(3, 6n) }),
      };
      const back = rewind(state, { number: 4n, hash: hash32(4) }, 0n);
      expect(back.nextBlock).to.equal(5n);
      expect([...back.jobs.values()].map((job) => job.stage)).to.deep.equal(["SEEN", "DROPPED", "DONE"]);
      expect(rewind(state, undefined, 2n).nextBlock).to.equal(2n);
      const again = advance(back, { number: 5n, hash: hash32(55) }, [logOf(2, 5n)]);
      expect([...again.jobs.values()].map((job) => job.stage)).to.deep.equal(["SEEN", "SEEN", "DONE"]);
    });

    it("forgets settled jobs only when no rewind can reach them", () => {
      let state = advance(initialState(0n), { number: 0n, hash: hash32(0) }, [logOf(1, 0n), logOf(2, 0n)]);
      const first = [...state.jobs.keys()][0] ?? "";
      state = { ...state, jobs: new Map(state.jobs).set(first, jobOf({ stage: "DONE", log: logOf(1, 0n) })) };
      for (let n = 1; n < 64; n++) {
        state = advance(state, { number: BigInt(n), hash: hash32(n) }, []);
        expect(state.jobs.size).to.equal(2);
      }
      state = advance(state, { number: 64n, hash: hash32(64) }, []);
      expect([...state.jobs.values()].map((job) => job.stage)).to.deep.equal(["SEEN"]);
    });
  });

  describe("what to do about a job", () => {
    const stages = Object.keys(LIFECYCLE) as Stage[];

    it("has an action at every stage that is not the end, and only there", () => {
      for (const stage of stages) {
        expect(decideJob(jobOf({ stage }), { nowMs: 0 }) === undefined, stage).to.equal(isTerminal(stage));
      }
    });

    it("reaches every stage from SEEN", () => {
      const reached = new Set<Stage>(["SEEN"]);
      for (const stage of reached) for (const next of LIFECYCLE[stage].next) reached.add(next);
      expect([...reached].sort()).to.deep.equal([...stages].sort());
    });

    it("waits after a failure, longer each time, and forgets it after a success", () => {
      let job = jobOf();
      for (let i = 0; i < 9; i++) {
        job = failed(job, { stage: "SEEN", reason: "no node", nowMs: 1_000_000 });
        const pause = RETRY_MS[Math.min(i, RETRY_MS.length - 1)] ?? 0;
        expect(job.notBeforeMs).to.equal(1_000_000 + pause);
        expect(decideJob(job, { nowMs: job.notBeforeMs - 1 })).to.equal(undefined);
      }
      const better = moved(job, "OBSERVED");
      expect([better.failures, better.notBeforeMs, better.reason]).to.deep.equal([0, 0, undefined]);
    });

    it("gives up a request that nobody answered an hour after its deadline, but never one with a proof", () => {
      const late = { nowMs: 1_000_000 + 3_600_001 };
      expect(decideJob(jobOf({ stage: "OBSERVED" }), { nowMs: late.nowMs - 2 })).to.equal("fetchProof");
      expect(decideJob(jobOf({ stage: "SEEN" }), late)).to.equal("abandon");
      expect(decideJob(jobOf({ stage: "OBSERVED" }), late)).to.equal("abandon");
      expect(decideJob(jobOf({ stage: "PROVEN" }), late)).to.equal("send");
    });
  });

  describe("nonces", () => {
    it("are the lowest that the chain wants and no open transaction has, gaps first", () => {
      const open = (...nonces: readonly number[]): RelayerState =>
        withJobs(...nonces.map((nonce) => jobOf({ stage: "SENT", attempts: [attempt(nonce)] })));
      expect(nextNonce(open(), 7)).to.equal(7);
      expect(nextNonce(open(7, 8), 7)).to.equal(9);
      expect(nextNonce(open(8), 7)).to.equal(7);
      expect(nextNonce(open(5, 6), 7)).to.equal(7);
    });
  });

  describe("fees", () => {
    const policy = { maxFeePerGasCap: 1_000n, bumpAfterBlocks: 3n };
    const fee = fc.bigInt({ min: 1n, max: 3_000n });

    it("of a replacement rise by an eighth or more in both fields, within both caps, or not at all", () => {
      fc.assert(
        fc.property(fee, fee, fee, fee, (a, b, c, d) => {
          const old = { maxFeePerGas: a > b ? a : b, maxPriorityFeePerGas: a < b ? a : b };
          const fresh = { maxFeePerGas: c > d ? c : d, maxPriorityFeePerGas: c < d ? c : d };
          const next = bumpedFees(old, fresh, policy);
          if (next === undefined) return;
          expect(next.maxFeePerGas * 8n >= old.maxFeePerGas * 9n).to.equal(true);
          expect(next.maxPriorityFeePerGas * 8n >= old.maxPriorityFeePerGas * 9n).to.equal(true);
          expect(next.maxFeePerGas <= 1_000n && next.maxPriorityFeePerGas <= next.maxFeePerGas).to.equal(
            true,
          );
          expect(
            next.maxFeePerGas <= fresh.maxFeePerGas * 3n || next.maxFeePerGas <= old.maxFeePerGas,
          ).to.equal(true);
        }),
        { ...RUNS, numRuns: 500 },
      );
    });

    it("start no higher than the cap", () => {
      expect(firstFees({ maxFeePerGas: 5_000n, maxPriorityFeePerGas: 2_000n }, policy)).to.deep.equal({
        maxFeePerGas: 1_000n,
        maxPriorityFeePerGas: 1_000n,
      });
    });
  });

  describe("a proof", () => {
    const log = logOf(1, 5n);
    const to = { chainId: 31337n, oracle: ORACLE };

    it("that fits is taken", () => {
      expect(judgeProof(proofOf(log), log, to)).to.deep.equal({ ok: true });
      expect(isSettling(proofOf(log))).to.equal(true);
    });

    const wrong: readonly (readonly [string, (proof: ResultProof) => ResultProof])[] = [
      ["dstChainId", (p) => ({ ...p, leaf: { ...p.leaf, dstChainId: 1n } })],
      ["oracle", (p) => ({ ...p, leaf: { ...p.leaf, oracle: new Uint8Array(20) } })],
      ["requestId", (p) => ({ ...p, leaf: { ...p.leaf, requestId: hash32(8) } })],
      ["requestHash", (p) => ({ ...p, leaf: { ...p.leaf, requestHash: hash32(8) } })],
      ["modelId", (p) => ({ ...p, leaf: { ...p.leaf, modelId: hash32(8) } })],
      ["deadline", (p) => ({ ...p, leaf: { ...p.leaf, deadline: 2n } })],
      ["outputHash", (p) => ({ ...p, output: new Uint8Array([9]) })],
      ["path", (p) => ({ ...p, path: [hash32(8)] })],
      ["path", (p) => ({ ...p, index: 1 })],
      ["path", (p) => ({ ...p, leaf: { ...p.leaf, payee: new Uint8Array(20) } })],
      ["signatures", (p) => ({ ...p, bitmap: 5n })],
      ["signatures", (p) => ({ ...p, signatures: [] })],
    ];
    wrong.forEach(([at, change], i) => {
      it(`that is wrong in its ${at} is refused (${i})`, () => {
        expect(judgeProof(change(proofOf(log)), log, to)).to.deep.equal({
          ok: false,
          code: "RELAYER_PROOF",
          at,
        });
      });
    });
  });

  describe("the state", () => {
    it("comes back from JSON as it was", () => {
      const job = jobOf({
        stage: "SENT",
        attempts: [attempt(3)],
        proof: proofOf(logOf(1, 5n)),
        chainRequestId: hash32(2),
        reason: "x",
      });
      const state = {
        ...withJobs(job, jobOf()),
        nextBlock: 1n << 70n,
        anchors: [{ number: 4n, hash: hash32(4) }],
      };
      expect(stateFromJson(stateToJson(state))).to.deep.equal(state);
    });

    it("is refused when it is broken or of another version", () => {
      for (const text of [
        "",
        "{",
        "null",
        "[]",
        '{"version":2}',
        stateToJson(initialState(0n)).slice(0, -2),
      ]) {
        expect(() => stateFromJson(text), text).to.throw("RELAYER_STATE");
      }
    });
  });
});
