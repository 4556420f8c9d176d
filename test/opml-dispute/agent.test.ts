import { expect } from "chai";
import {
  type AgentPorts,
  type GameAction,
  playDispute,
  type TraceProvider,
} from "../../opml-dispute/index.ts";
import {
  type Alphabet,
  alphabetReferee,
  INPUT_ROOT,
  providerOf,
  traceOf,
  write,
} from "../support/alphabet.ts";
import { playerOf } from "./support/actors.ts";
import { createTable, REQUEST_ID, type Table } from "./support/table.ts";

const ALPHABET: Alphabet = { ops: 12, length: 300 };
const REFEREE = alphabetReferee(ALPHABET);
const LIE = providerOf(traceOf(write(ALPHABET, [{ slot: 6, element: 299 }])));
const TRUTH = providerOf(traceOf(write(ALPHABET)));

/** A table, and an agent's ports to it that count the runs it asked for. */
function scene(): {
  readonly table: Table;
  readonly ports: (name: string, trace: TraceProvider) => AgentPorts & { runs(): number };
} {
  const executor = { name: "liar", trace: LIE };
  const table = createTable({ referee: REFEREE, inputRoot: INPUT_ROOT, executor, actors: [] });
  return {
    table,
    ports: (name, trace) => {
      let runs = 0;
      return {
        runs: () => runs,
        readView: async () => table.view(),
        ownPlayer: async () => {
          runs++;
          return playerOf({ name, trace, referee: REFEREE });
        },
        send: async (action: GameAction) => {
          expect(table.send(name, action)).to.equal(undefined);
        },
      };
    },
  };
}

describe("the agent", () => {
  it("asks for no run of its own while nothing is to be played", async () => {
    const { ports } = scene();
    const watcher = ports("watcher", TRUTH);
    expect(await playDispute(watcher, REQUEST_ID)).to.deep.equal([]);
    expect(watcher.runs()).to.equal(0);
  });

  it("sends nothing when the request has no claims, or its own run can not be made", async () => {
    const { table, ports } = scene();
    const watcher = ports("watcher", TRUTH);
    expect(await playDispute({ ...watcher, readView: async () => undefined }, REQUEST_ID)).to.deep.equal([]);
    table.send("watcher", { kind: "join", trace: TRUTH, key: "join" });
    table.endBlock();
    expect(await playDispute({ ...watcher, ownPlayer: async () => undefined }, REQUEST_ID)).to.deep.equal([]);
  });

  it("plays both sides of a dispute to its end from nothing but what it reads", async () => {
    const { table, ports } = scene();
    table.send("watcher", { kind: "join", trace: TRUTH, key: "join" });
    table.endBlock();
    const kinds: string[] = [];
    for (let block = 0; block < 40 && table.game().claims[0]?.status === 1; block++) {
      // A new agent at every look: there is nothing that it could remember.
      for (const [name, trace] of [["watcher", TRUTH] as const, ["liar", LIE] as const]) {
        const sent = await playDispute(ports(name, trace), REQUEST_ID);
        kinds.push(...sent.map(({ kind }) => kind));
      }
      table.endBlock();
    }
    expect(table.game().claims.map(({ status }) => status)).to.deep.equal([2, 1]);
    expect(kinds.slice(0, 3)).to.deep.equal(["revealJoin", "postTraceRoot", "openNode"]);
    expect(kinds.at(-1)).to.equal("proveElement");
  });

  it("gives one key to one move, so that its sender repeats none that is under way", async () => {
    const { table, ports } = scene();
    table.send("watcher", { kind: "join", trace: TRUTH, key: "join" });
    table.endBlock();
    const silent = { ...ports("watcher", TRUTH), send: async () => {} };
    const first = await playDispute(silent, REQUEST_ID);
    table.endBlock();
    const again = await playDispute(silent, REQUEST_ID);
    expect(again.map(({ key }) => key)).to.deep.equal(first.map(({ key }) => key));
    expect(first).to.have.length(1);
  });
});
