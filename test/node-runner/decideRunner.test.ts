import { expect } from "chai";
import fc from "fast-check";
import { bytesToHex } from "../../common/index.ts";
import { decideRunner, type ModelFacts, type RunnerFacts } from "../../node-runner/core/decideRunner.ts";
import type { Kept } from "../../node-runner/core/kept.ts";
import { completeMessage, type Messages, resultCommitment } from "../../proto/index.ts";
import { addressToBytes, bytesToAddress } from "../../sdk/address.ts";

type Request = Messages["aivm.inference.v1.Request"];

const SELF_BYTES = new Uint8Array(20).fill(1);
const SELF = bytesToAddress(SELF_BYTES);
const OTHER = bytesToAddress(new Uint8Array(20).fill(2));
const MODEL_ID = new Uint8Array(32).fill(3);
const REQUEST_ID = new Uint8Array(32).fill(4);

const KEPT: Kept = {
  kind: "result",
  requestId: REQUEST_ID,
  salt: new Uint8Array(32).fill(5),
  outputRoot: new Uint8Array(32).fill(6),
  output: new Uint8Array([1, 2, 3]),
};

const COMMITMENT = resultCommitment({ ...KEPT, runner: SELF_BYTES });

function request(fields: Partial<Request> = {}): Request {
  return completeMessage("aivm.inference.v1.Request", {
    id: REQUEST_ID,
    modelId: MODEL_ID,
    status: 1,
    assigned: SELF,
    openToAllHeight: 20n,
    deadlineMs: 10_000n,
    ...fields,
  });
}

function proved(fields: { readonly provedEpoch?: bigint; readonly epoch?: bigint } = {}): ModelFacts {
  return {
    modelId: MODEL_ID,
    model: completeMessage("aivm.model.v1.Model", {
      modelId: MODEL_ID,
      status: 2,
      epoch: fields.epoch ?? 1n,
    }),
    serving: completeMessage("aivm.model.v1.QueryServingResponse", {
      serving: {
        runner: SELF,
        modelId: MODEL_ID,
        declaredHeight: 5n,
        provedEpoch: fields.provedEpoch ?? 1n,
        draw: new Uint8Array(),
      },
    }),
  };
}

function facts(fields: Partial<RunnerFacts> = {}): RunnerFacts {
  return {
    self: SELF,
    selfBytes: addressToBytes(SELF),
    height: 10n,
    timeMs: 5_000n,
    runner: completeMessage("aivm.runner.v1.Runner", { operator: SELF, bondUaivm: 100n }),
    models: [proved()],
    requests: [],
    kept: new Map(),
    ...fields,
  };
}

const kept: ReadonlyMap<string, Kept> = new Map([[bytesToHex(REQUEST_ID), KEPT]]);
const kinds = (given: Partial<RunnerFacts>): string[] =>
  decideRunner(facts(given)).map((action) => action.kind);

describe("node-runner: what a runner does next", () => {
  it("registers before anything else", () => {
    expect(kinds({ runner: undefined, requests: [request()], kept })).to.deep.equal(["register"]);
  });

  it("declares a model, waits for the draw, opens the drawn chunk, and then rests", () => {
    const serving = (fields: object): ModelFacts => ({
      ...proved(),
      serving: completeMessage("aivm.model.v1.QueryServingResponse", {
        serving: {
          runner: SELF,
          modelId: MODEL_ID,
          declaredHeight: 9n,
          provedEpoch: 0n,
          draw: new Uint8Array(),
        },
        ...fields,
      }),
    });
    expect(kinds({ models: [{ ...proved(), serving: undefined }] })).to.deep.equal(["serve"]);
    expect(kinds({ models: [serving({ drawn: false })] })).to.deep.equal([]);
    const [prove] = decideRunner(facts({ models: [serving({ drawn: true, constant: 2, chunk: 7 })] }));
    expect(prove).to.deep.include({ kind: "prove", constant: 2, chunk: 7 });
    expect(kinds({ models: [proved()] })).to.deep.equal([]);
    expect(kinds({ models: [proved({ provedEpoch: 1n, epoch: 2n })] })).to.deep.equal(["serve"]);
  });

  it("leaves alone a model that nobody has registered or whose bounds were disproved", () => {
    expect(kinds({ models: [{ modelId: MODEL_ID, model: undefined, serving: undefined }] })).to.deep.equal(
      [],
    );
    const invalid = completeMessage("aivm.model.v1.Model", { modelId: MODEL_ID, status: 3 });
    expect(kinds({ models: [{ modelId: MODEL_ID, model: invalid, serving: undefined }] })).to.deep.equal([]);
  });

  it("computes first, commits only with an opening on disk, reveals only its own commitment", () => {
    expect(kinds({ requests: [request()] })).to.deep.equal(["compute"]);
    expect(kinds({ requests: [request()], kept })).to.deep.equal(["commit"]);
    const committed = request({ status: 2, committer: SELF, commitment: COMMITMENT });
    expect(kinds({ requests: [committed], kept })).to.deep.equal(["reveal"]);
    expect(kinds({ requests: [committed] })).to.deep.equal([]);
    expect(kinds({ requests: [{ ...committed, committer: OTHER }], kept })).to.deep.equal([]);
    expect(kinds({ requests: [{ ...committed, commitment: new Uint8Array(32) }], kept })).to.deep.equal([]);
  });

  it("takes another runner's request only once it is open to all, and none after its deadline", () => {
    const assigned = request({ assigned: OTHER });
    expect(kinds({ requests: [assigned], height: 18n })).to.deep.equal([]);
    expect(kinds({ requests: [assigned], height: 19n })).to.deep.equal(["compute"]);
    expect(kinds({ requests: [request()], timeMs: 10_000n })).to.deep.equal([]);
  });

  it("answers only for an active model that it has proved in this epoch", () => {
    const requests = [request()];
    const registered = completeMessage("aivm.model.v1.Model", { modelId: MODEL_ID, status: 1, epoch: 1n });
    expect(kinds({ requests, models: [] })).to.deep.equal([]);
    expect(kinds({ requests, models: [{ ...proved(), model: registered }] })).to.deep.equal([]);
    expect(kinds({ requests, models: [proved({ provedEpoch: 1n, epoch: 2n })] })).to.deep.equal(["serve"]);
  });

  it("has nothing to do for any request that is accepted, disputed, final or expired", () => {
    fc.assert(
      fc.property(fc.constantFrom(3, 4, 5, 6), fc.boolean(), (status, held) => {
        const settled = request({
          status: status as Request["status"],
          committer: SELF,
          commitment: COMMITMENT,
        });
        expect(kinds({ requests: [settled], ...(held ? { kept } : {}) })).to.deep.equal([]);
      }),
      { seed: 3 },
    );
  });

  it("puts reveals, which have a deadline, before everything else", () => {
    const committed = request({ status: 2, committer: SELF, commitment: COMMITMENT });
    const open = request({ id: new Uint8Array(32).fill(9) });
    const models = [{ ...proved(), serving: undefined }, proved()];
    expect(kinds({ requests: [open, committed], kept, models })[0]).to.equal("reveal");
  });

  it("decides the same again from the same facts: a restart changes nothing", () => {
    const given = facts({ requests: [request()], kept });
    expect(decideRunner(given)).to.deep.equal(decideRunner(structuredClone(given)));
  });
});
