import { expect } from "chai";
import type { Engine } from "../../../chain/engine/embedded/engine.ts";
import { txHash } from "../../../chain/engine/embedded/hash.ts";
import { findTx, searchBlocks, searchTxs } from "../../../chain/engine/embedded/query/eventIndex.ts";
import { flattenEvents, queryMatches } from "../../../chain/engine/embedded/query/eventMap.ts";
import { parseQuery } from "../../../chain/engine/embedded/query/parse.ts";
import { bytesToHex, EMPTY, utf8, utf8ToText } from "../../../common/bytes.ts";
import { isAivmError } from "../../../common/errors.ts";
import { createDisk, engineOn } from "../../support/engineFixture.ts";

describe("query language", () => {
  it("reads every form of condition", () => {
    const text =
      "tm.event='Tx' AND a.n=5 AND a.n<=5.5 AND b.t >= TIME 2026-01-02T03:04:05Z AND b.d = DATE 2026-01-02 AND c.x CONTAINS 'y' AND d.e EXISTS";
    expect(
      parseQuery(text).conditions.map(({ tag, operator, argument }) => [
        tag,
        operator,
        argument?.kind,
        argument?.text,
      ]),
    ).to.deep.equal([
      ["tm.event", "=", "string", "Tx"],
      ["a.n", "=", "number", "5"],
      ["a.n", "<=", "number", "5.5"],
      ["b.t", ">=", "time", "2026-01-02T03:04:05Z"],
      ["b.d", "=", "date", "2026-01-02"],
      ["c.x", "CONTAINS", "string", "y"],
      ["d.e", "EXISTS", undefined, undefined],
    ]);
  });

  it("words a malformed query as CometBFT does", () => {
    try {
      parseQuery("malformed query");
      expect.fail("parsed");
    } catch (error) {
      if (!isAivmError(error)) throw error;
      expect(error.facts.what).to.equal(
        "failed to parse query: offset 10: got tag, wanted <= operator, >= operator, < operator, > operator, = operator, CONTAINS operator or EXISTS operator",
      );
    }
  });

  for (const text of [
    "",
    "a",
    "a=",
    "a='x",
    "a='x' AND",
    "a='x' OR b='y'",
    "a<'x'",
    "a CONTAINS 5",
    "(a='x')",
    "a=='x'",
    "'x'=a",
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      expect(() => parseQuery(text)).to.throw("failed to parse query:");
    });
  }

  it("compares numbers of any length exactly, also with a denomination behind them", () => {
    const events = flattenEvents(
      [{ type: "coin", attributes: [{ key: "amount", value: "9007199254740993stake", index: true }] }],
      [["tm.event", "Tx"]],
    );
    const matches = (text: string): boolean => queryMatches(parseQuery(text), events);
    expect(matches("coin.amount > 9007199254740992")).to.equal(true);
    expect(matches("coin.amount >= 9007199254740993.5")).to.equal(false);
    expect(matches("coin.amount = '9007199254740993stake'")).to.equal(true);
    expect(matches("coin.amount < 5")).to.equal(false);
    expect(matches("coin.other EXISTS")).to.equal(false);
    expect(matches("tm.event='Tx' AND coin.amount CONTAINS 'stake'")).to.equal(true);
  });

  it("matches subscriptions over all events, whichever event satisfies which condition", () => {
    const attribute = (key: string, value: string) => ({ key, value, index: true });
    const events = flattenEvents(
      [
        { type: "a", attributes: [attribute("x", "1")] },
        { type: "a", attributes: [attribute("y", "2")] },
      ],
      [],
    );
    expect(queryMatches(parseQuery("a.x='1' AND a.y='2'"), events)).to.equal(true);
  });
});

describe("transaction and block index", () => {
  let engine: Engine;

  before(async () => {
    engine = engineOn(createDisk());
    await engine.start();
    for (const batch of [["k1=v1", "k2=v2"], ["fail=once"], ["k3=v1"], []]) {
      for (const text of batch) await engine.submitTx(utf8(text));
      await engine.produceBlock();
    }
  });

  const search = async (text: string): Promise<string[]> =>
    (await searchTxs(engine.store.kv, parseQuery(text))).map(({ hash }) =>
      utf8ToText(findTx(engine.store.kv, hash)?.tx ?? EMPTY),
    );

  it("finds by hash alone and ignores every other condition", async () => {
    const hash = bytesToHex(txHash(utf8("k2=v2"))).toUpperCase();
    expect(await search(`tx.hash='${hash}'`)).to.deep.equal(["k2=v2"]);
    expect(await search(`tx.height=999 AND tx.hash='${hash.toLowerCase()}'`)).to.deep.equal(["k2=v2"]);
    expect(await search(`tx.hash='${"00".repeat(32)}'`)).to.deep.equal([]);
    const error: unknown = await search("tx.hash='zz'").catch((caught: unknown) => caught);
    expect(isAivmError(error, "CHAIN_QUERY")).to.equal(true);
  });

  it("finds by height and by ranges of it", async () => {
    expect(await search("tx.height=1")).to.deep.equal(["k1=v1", "k2=v2"]);
    expect(await search("tx.height>1 AND tx.height<=3")).to.deep.equal(["fail=once", "k3=v1"]);
    expect(await search("tx.height>3")).to.deep.equal([]);
  });

  it("finds by attribute, failed transactions included", async () => {
    expect(await search("app.key='v1'")).to.deep.equal(["k1=v1", "k3=v1"]);
    expect(await search("app.key='v1' AND tx.height>=2")).to.deep.equal(["k3=v1"]);
    expect(await search("app.key='fail'")).to.deep.equal(["fail=once"]);
    expect(await search("app.key CONTAINS 'k'")).to.deep.equal(["k1=v1", "k2=v2", "k3=v1"]);
    expect(await search("app.key EXISTS AND tx.height=1")).to.deep.equal(["k1=v1", "k2=v2"]);
  });

  it("wants all conditions within one event", async () => {
    expect(await search("app.key='k1' AND app.creator='Cosmoshi Netowoko'")).to.deep.equal(["k1=v1"]);
    expect(await search("app.key='k1' AND app.creator='Cosmoshi'")).to.deep.equal([]);
  });

  it("leaves attributes out that are not for the index", async () => {
    expect(await search("app.index_key EXISTS")).to.have.lengthOf(4);
    expect(await search("app.noindex_key EXISTS")).to.deep.equal([]);
  });

  it("finds blocks by their own events and by height", async () => {
    const blocks = (text: string): Promise<bigint[]> =>
      searchBlocks(engine.store.kv, { query: parseQuery(text), base: 1n, tip: 4n });
    expect(await blocks("tick.parity='even'")).to.deep.equal([2n, 4n]);
    expect(await blocks("tick.parity='even' AND block.height>2")).to.deep.equal([4n]);
    expect(await blocks("block.height>=2 AND block.height<4")).to.deep.equal([2n, 3n]);
    expect(await blocks("block.height=9")).to.deep.equal([]);
  });
});
