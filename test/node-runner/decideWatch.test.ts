import { expect } from "chai";
import fc from "fast-check";
import {
  type ClaimFacts,
  decideWatch,
  type WatchAction,
  type WatchFacts,
} from "../../node-runner/core/decideWatch.ts";
import type { Kept } from "../../node-runner/core/kept.ts";

const root = (n: number): Uint8Array => new Uint8Array(32).fill(n);
const OURS = root(1);
const OUR_TRACE = root(2);
const LIE = root(3);

const KEPT: Kept = {
  kind: "join",
  requestId: root(9),
  salt: root(8),
  outputRoot: OURS,
  output: new Uint8Array([1]),
  traceRoot: OUR_TRACE,
};

function claim(outputRoot: Uint8Array, fields: Partial<ClaimFacts> = {}): ClaimFacts {
  return { claimants: ["someone"], outputRoot, traceRoot: undefined, alive: true, ...fields };
}

const CONFIRMED = { outputRoot: OURS, second: { outputRoot: OURS, traceRoot: OUR_TRACE } };

function decide(fields: Partial<WatchFacts>): WatchAction {
  return decideWatch({
    self: "us",
    claims: [claim(LIE)],
    joinable: true,
    joinPending: false,
    kept: undefined,
    inputs: "complete",
    own: undefined,
    ...fields,
  });
}

describe("node-runner: what a watcher does about a result", () => {
  it("runs it, runs it again on another engine when it differs, keeps an opening, joins, and leaves the rest to the player", () => {
    expect(decide({}).kind).to.equal("execute");
    expect(decide({ own: { outputRoot: OURS, second: undefined } }).kind).to.equal("confirm");
    expect(decide({ own: CONFIRMED }).kind).to.equal("keep");
    expect(decide({ own: CONFIRMED, kept: KEPT })).to.deep.equal({ kind: "join", kept: KEPT });
    expect(decide({ own: CONFIRMED, kept: KEPT, joinPending: true }).kind).to.equal("none");
    expect(
      decide({ own: CONFIRMED, kept: KEPT, claims: [claim(LIE), claim(OURS, { claimants: ["us"] })] }).kind,
    ).to.equal("none");
  });

  it("leaves a result alone that it computed itself", () => {
    expect(decide({ claims: [claim(OURS)], own: { outputRoot: OURS, second: undefined } }).kind).to.equal(
      "none",
    );
  });

  it("joins a right claim that has a rival and has not posted its trace: its author may go silent", () => {
    const claims = [claim(OURS), claim(LIE, { traceRoot: root(7) })];
    expect(decide({ claims, own: { outputRoot: OURS, second: undefined } }).kind).to.equal("confirm");
    expect(decide({ claims, own: CONFIRMED }).kind).to.equal("keep");
    const posted = [claim(OURS, { traceRoot: OUR_TRACE }), claim(LIE)];
    expect(decide({ claims: posted, own: CONFIRMED }).kind).to.equal("none");
    const otherTrace = [claim(OURS, { traceRoot: root(6) }), claim(LIE)];
    expect(decide({ claims: otherTrace, own: CONFIRMED }).kind).to.equal("keep");
  });

  it("does not count a claim that is out", () => {
    const claims = [claim(OURS, { traceRoot: OUR_TRACE, alive: false }), claim(LIE)];
    expect(decide({ claims, own: CONFIRMED }).kind).to.equal("keep");
  });

  it("never bonds when its engines disagree or its inputs are not complete", () => {
    const disagreeing = { outputRoot: OURS, second: { outputRoot: root(5), traceRoot: OUR_TRACE } };
    expect(decide({ own: disagreeing, kept: KEPT }).kind).to.equal("refuse");
    expect(decide({ own: CONFIRMED, kept: KEPT, inputs: { missing: "no artifact" } }).kind).to.equal(
      "refuse",
    );
  });

  it("bonds only on two equal runs that differ from a standing claim, whatever the facts", () => {
    const roots = fc.constantFrom(OURS, LIE, root(5));
    const arbitrary = fc.record({
      claims: fc.array(
        fc.record({
          claimants: fc.subarray(["a", "b", "us"]),
          outputRoot: roots,
          traceRoot: fc.option(fc.constantFrom(OUR_TRACE, root(7)), { nil: undefined }),
          alive: fc.boolean(),
        }),
        { maxLength: 4 },
      ),
      joinable: fc.boolean(),
      kept: fc.option(fc.constant(KEPT), { nil: undefined }),
      inputs: fc.constantFrom<WatchFacts["inputs"]>("complete", { missing: "input" }),
      own: fc.option(
        fc.record({
          outputRoot: roots,
          second: fc.option(fc.record({ outputRoot: roots, traceRoot: fc.constant(OUR_TRACE) }), {
            nil: undefined,
          }),
        }),
        { nil: undefined },
      ),
    });
    fc.assert(
      fc.property(arbitrary, (given) => {
        const action = decide(given);
        if (action.kind !== "join" && action.kind !== "keep") return;
        expect(given.inputs).to.equal("complete");
        expect(given.joinable).to.equal(true);
        expect(given.own?.second?.outputRoot).to.deep.equal(given.own?.outputRoot);
        const alive = given.claims.filter((one) => one.alive);
        const differs = alive.some((one) => one.outputRoot !== given.own?.outputRoot);
        expect(differs).to.equal(true);
      }),
      { seed: 11, numRuns: 500 },
    );
  });
});
