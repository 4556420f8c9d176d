import { expect } from "chai";
import { RESULT_EXPIRED } from "../../../../proto/evm.ts";
import { answer, commit, INPUT, MODEL_ID, requestOf, statusOf } from "../support/market.ts";
import { addressOf, expectRefused } from "../support/world.ts";
import { attestersOf, EVM_CHAIN, idOf, ORACLE, observation, oracleMarket } from "./world.ts";

const NAME = "aivm.oracle.v1.MsgObserveRequest";
const observer = (n: number): string => addressOf(`observer${n}`);

describe("observations of EVM requests", () => {
  it("one observer of one opens the request at once, without a fee on this chain", () => {
    const world = oracleMarket(attestersOf([1n]));
    const message = observation(world, 1);
    const { requestId, accepted } = world.tx(NAME, message);
    expect(accepted).to.equal(true);
    expect(requestId).to.deep.equal(idOf(message));
    expect(requestOf(world, requestId)).to.deep.include({
      modelId: MODEL_ID,
      feeUaivm: 0n,
      requester: "",
      assigned: addressOf("r1"),
      deadlineMs: message.evmDeadlineS * 1000n,
      origin: {
        evmChainId: EVM_CHAIN,
        oracle: ORACLE,
        evmRequestId: message.evmRequestId,
        requestHash: message.requestHash,
        evmDeadlineS: message.evmDeadlineS,
      },
    });
    expect(world.query("inference", "Input", { requestId }).input).to.deep.equal(INPUT);
    commit(world, requestId, "r1");
  });

  it("three of four must say the same: two are not more than two thirds", () => {
    const world = oracleMarket(attestersOf([1n, 1n, 1n, 1n]));
    const message = observation(world, 1);
    const say = (n: number): boolean => world.tx(NAME, { ...message, observer: observer(n) }).accepted;
    expect(say(1)).to.equal(false);
    expect(say(1), "the same observer again").to.equal(false);
    expect(say(2)).to.equal(false);
    expect(() => requestOf(world, idOf(message))).to.throw(/UNKNOWN_REQUEST/);
    expect(say(3)).to.equal(true);
    expect(statusOf(world, idOf(message))).to.equal("OPEN");
    expect(say(4), "a request that is there is a success without effect").to.equal(true);
  });

  it("exactly two thirds are not enough", () => {
    const world = oracleMarket(attestersOf([1n, 1n, 1n]));
    const message = observation(world, 1);
    const say = (n: number): boolean => world.tx(NAME, { ...message, observer: observer(n) }).accepted;
    expect([say(1), say(2), say(3)]).to.deep.equal([false, false, true]);
  });

  it("counts power, not heads", () => {
    const world = oracleMarket(attestersOf([70n, 10n, 10n, 10n]));
    expect(world.tx(NAME, observation(world, 1)).accepted).to.equal(true);
    const second = observation(world, 2);
    for (const n of [2, 3, 4])
      expect(world.tx(NAME, { ...second, observer: observer(n) }).accepted).to.equal(false);
  });

  it("words that differ in anything do not add up", () => {
    const world = oracleMarket(attestersOf([1n, 1n, 1n, 1n]));
    const message = observation(world, 1);
    world.tx(NAME, message);
    world.tx(NAME, { ...message, observer: observer(2) });
    const changes: readonly Partial<typeof message>[] = [
      { blockHash: new Uint8Array(32) },
      { input: INPUT.map((byte) => byte ^ 1) },
      { maxOutput: 255 },
      { evmDeadlineS: message.evmDeadlineS + 1n },
      { blockNumber: 101n },
    ];
    for (const change of changes)
      expect(world.tx(NAME, { ...message, ...change, observer: observer(3) }).accepted).to.equal(false);
    expect(world.tx(NAME, { ...message, observer: observer(3) }).accepted).to.equal(true);
  });

  it("an observer whose chain was reorganised may change its word; only the last one counts", () => {
    const world = oracleMarket(attestersOf([1n, 1n, 1n, 1n]));
    const message = observation(world, 1);
    const moved = { ...message, blockHash: new Uint8Array(32).fill(3) };
    world.tx(NAME, { ...message, observer: observer(1) });
    world.tx(NAME, { ...message, observer: observer(2) });
    world.tx(NAME, { ...moved, observer: observer(1) });
    expect(world.tx(NAME, { ...message, observer: observer(3) }).accepted).to.equal(false);
    world.tx(NAME, { ...moved, observer: observer(2) });
    expect(world.tx(NAME, { ...moved, observer: observer(3) }).accepted).to.equal(true);
  });

  it("what this chain can not serve is recorded as EXPIRED at once, with the reason", () => {
    const world = oracleMarket(attestersOf([1n]));
    const cases: readonly (readonly [RegExp, Parameters<typeof observation>[2]])[] = [
      [/UNKNOWN_MODEL/, { modelId: new Uint8Array(32) }],
      [/INPUT_LENGTH/, { input: new Uint8Array(3) }],
      [/TIER/, { tier: 2 }],
      [/OUTPUT_TOO_LARGE/, { maxOutput: 7 }],
      [/DEADLINE_TOO_EARLY/, { evmDeadlineS: world.timeMs() / 1000n + 10n }],
    ];
    for (const [n, [why, change]] of cases.entries()) {
      const { requestId, accepted } = world.tx(NAME, observation(world, n, change));
      expect(accepted).to.equal(true);
      expect(statusOf(world, requestId)).to.equal("EXPIRED");
      expect(requestOf(world, requestId).expiredReason).to.match(why);
      const { leaf } = world.query("oracle", "ResultProof", { requestId });
      expect(leaf?.status).to.equal(RESULT_EXPIRED);
    }
    world.nextBlock();
    const { resultsRoot } = world.query("oracle", "ResultsRoot", { height: world.height() - 1n });
    expect(resultsRoot?.leaves).to.have.length(cases.length);
  });

  it("a deadline beyond what this chain holds requests open for is shortened", () => {
    const world = oracleMarket(attestersOf([1n]));
    const evmDeadlineS = world.timeMs() / 1000n + 30n * 86_400n;
    const { requestId } = world.tx(NAME, observation(world, 1, { evmDeadlineS }));
    const { deadlineMs, origin } = requestOf(world, requestId);
    expect(deadlineMs).to.equal(world.timeMs() + 86_400_000n);
    expect(origin?.evmDeadlineS).to.equal(evmDeadlineS);
  });

  describe("refuses, and leaves everything as it was:", () => {
    it("a forged observation by an account that is no validator's observer", () => {
      const world = oracleMarket(attestersOf([1n]));
      for (const name of ["user", "observer2"])
        expectRefused(world, { codespace: "oracle", code: 3, says: /validator in the attester set/ }, () =>
          world.tx(NAME, observation(world, 1, { observer: addressOf(name) })),
        );
    });

    it("a contract or a chain that is not served", () => {
      const world = oracleMarket(attestersOf([1n]));
      for (const change of [{ oracle: new Uint8Array(20) }, { evmChainId: 1n }])
        expectRefused(world, { codespace: "oracle", code: 4, says: /one that this chain serves/ }, () =>
          world.tx(NAME, observation(world, 1, change)),
        );
    });

    it("ids and hashes of the wrong length", () => {
      const world = oracleMarket(attestersOf([1n]));
      for (const field of ["oracle", "evmRequestId", "requestHash", "blockHash", "modelId"] as const)
        expectRefused(world, { codespace: "oracle", code: 2, says: /got 5 bytes/ }, () =>
          world.tx(NAME, observation(world, 1, { [field]: new Uint8Array(5) })),
        );
    });
  });
});

describe("served contracts", () => {
  const destination = { evmChainId: 10n, oracle: new Uint8Array(20).fill(9), confirmations: 12 };

  it("the authority adds them", () => {
    const world = oracleMarket(attestersOf([1n]));
    world.tx("aivm.oracle.v1.MsgAddDestination", { authority: addressOf("registrar"), destination });
    expect(world.query("oracle", "Destinations", {}).destinations).to.deep.include(destination);
    expect(world.tx(NAME, observation(world, 1, destination)).accepted).to.equal(true);
  });

  it("nobody else does, and nothing changes", () => {
    const world = oracleMarket(attestersOf([1n]));
    expectRefused(world, { codespace: "oracle", code: 5, says: /Ask the authority/ }, () =>
      world.tx("aivm.oracle.v1.MsgAddDestination", { authority: addressOf("user"), destination }),
    );
    expectRefused(world, { codespace: "oracle", code: 2, says: /20 bytes/ }, () =>
      world.tx("aivm.oracle.v1.MsgAddDestination", { authority: addressOf("registrar") }),
    );
  });
});

describe("an EVM request that is answered", () => {
  it("pays nobody here, and becomes a leaf that names the runner's EVM address", () => {
    const world = oracleMarket(attestersOf([1n]));
    const { requestId } = world.tx(NAME, observation(world, 1));
    const before = world.balance("r1");
    answer(world, requestId, "r1");
    world.nextBlock(20_000n);
    world.nextBlock();
    expect(statusOf(world, requestId)).to.equal("FINAL");
    expect(world.balance("r1")).to.equal(before);
    const { leaf } = world.query("oracle", "ResultProof", { requestId });
    expect(leaf?.payee).to.deep.equal(new Uint8Array(20).fill(0xee));
  });
});
