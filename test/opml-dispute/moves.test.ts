import { expect } from "chai";
import { decideMoves, type GameAction, openMatches, type TraceProvider } from "../../opml-dispute/index.ts";
import { MatchStage } from "../../proto/index.ts";
import {
  type Alphabet,
  alphabetReferee,
  INPUT_ROOT,
  providerOf,
  traceOf,
  write,
} from "../support/alphabet.ts";
import { playerOf, type Seat } from "./support/actors.ts";
import { createTable, fingerprint, saltOf, type Table, type TableAction } from "./support/table.ts";

const ALPHABET: Alphabet = { ops: 40, length: 600 };
const REFEREE = alphabetReferee(ALPHABET);
const seat = (name: string, trace: TraceProvider): Seat => ({ name, trace, referee: REFEREE });
const LIAR = seat("liar", providerOf(traceOf(write(ALPHABET, [{ slot: 20, element: 300 }]))));
const WATCHER = seat("watcher", providerOf(traceOf(write(ALPHABET))));

/** A table with the accepted lie. */
function newTable(): Table {
  return createTable({
    referee: REFEREE,
    inputRoot: INPUT_ROOT,
    executor: { name: LIAR.name, trace: LIAR.trace },
    actors: [],
  });
}

const join: TableAction = { kind: "join", trace: WATCHER.trace, key: "join" };

/** A table at which the watcher has joined and been seen. */
function joinedTable(): Table {
  const table = newTable();
  expect(table.send("watcher", join)).to.equal(undefined);
  table.endBlock();
  play(table, WATCHER);
  return table;
}

/** Sends what a seat would send now. */
function play(table: Table, at: Seat): GameAction[] {
  const actions = decideMoves(table.view(), playerOf(at));
  for (const action of actions) expect(table.send(at.name, action)).to.equal(undefined);
  return actions;
}

/** Every move of an honest game, with the table as it stood before it. */
function* honestGame(): Generator<{
  readonly table: Table;
  readonly sender: string;
  readonly action: GameAction;
}> {
  const table = joinedTable();
  for (let turn = 0; turn < 40 && openMatches(table.game()).length > 0; turn++) {
    for (const at of [LIAR, WATCHER]) {
      const [action] = decideMoves(table.view(), playerOf(at));
      if (action === undefined) continue;
      yield { table, sender: at.name, action };
      expect(table.send(at.name, action)).to.equal(undefined);
    }
    table.endBlock();
  }
}

/** The same bytes with one bit changed. */
function flip(bytes: Uint8Array, bit: number): Uint8Array {
  const out = Uint8Array.from(bytes);
  const at = bit % (8 * bytes.length);
  out[at >> 3] = (out[at >> 3] ?? 0) ^ (1 << (at & 7));
  return out;
}

/** Every way to change one bit of one part of a move: parts in turn, bits by a fixed stride. */
function* tampered(action: GameAction): Generator<GameAction> {
  const value = action.value as unknown as Record<string, unknown>;
  for (const [field, part] of Object.entries(value)) {
    // Which claim set is meant is the host's affair: another id leads to another game.
    if (field === "requestId") continue;
    if (part instanceof Uint8Array && part.length > 0) {
      for (let bit = 0; bit < 8 * part.length; bit += Math.max(37, part.length)) {
        yield { ...action, value: { ...value, [field]: flip(part, bit) } } as unknown as GameAction;
      }
    }
    if (!Array.isArray(part) || !(part[0] instanceof Uint8Array)) continue;
    for (const [i, child] of (part as Uint8Array[]).entries()) {
      const children = part.map((other: Uint8Array, at) => (at === i ? flip(child, 13 * i + 5) : other));
      yield { ...action, value: { ...value, [field]: children } } as unknown as GameAction;
    }
    // Without its second opening a move is a good one.
    if (part.length > 1 || field === "children")
      yield { ...action, value: { ...value, [field]: part.slice(1) } } as unknown as GameAction;
    yield { ...action, value: { ...value, [field]: [...part, part[0]] } } as unknown as GameAction;
  }
}

describe("a tampered move", () => {
  it("is refused and changes nothing, whichever bit of whichever move of a whole game was changed", () => {
    let tried = 0;
    const stages = new Set<number>();
    for (const { table, sender, action } of honestGame()) {
      const before = fingerprint(table.game());
      for (const wrong of tampered(action)) {
        const code = table.send(sender, wrong);
        expect(code, `${action.kind} ${JSON.stringify(Object.keys(wrong.value))}`).to.match(/^GAME_/);
        expect(fingerprint(table.game())).to.equal(before);
        tried++;
      }
      for (const { stage } of openMatches(table.game())) stages.add(stage);
    }
    const { MATCH_STAGE_OPS, MATCH_STAGE_ITEM, MATCH_STAGE_CHUNK, MATCH_STAGE_ELEMENT } = MatchStage;
    for (const stage of [MATCH_STAGE_OPS, MATCH_STAGE_ITEM, MATCH_STAGE_CHUNK, MATCH_STAGE_ELEMENT])
      expect([...stages]).to.include(stage);
    expect(tried).to.be.greaterThan(150);
  });

  it("for another claim, level or rival is refused as a wrong target", () => {
    for (const { table, sender, action } of honestGame()) {
      if (action.kind !== "openNode") continue;
      const { value } = action;
      const wrong = [
        { ...value, level: value.level + 1 },
        { ...value, level: value.level + 1000 },
        { ...value, leftHash: value.rightHash, rightHash: value.leftHash },
        { ...value, claim: 1 - value.claim },
        { ...value, claim: 9 },
      ];
      for (const changed of wrong)
        expect(table.send(sender, { ...action, value: changed })).to.match(
          /GAME_(TARGET|OPENING|CLAIM|NEXT)/,
        );
    }
  });
});

describe("a move made before", () => {
  it("is a success without effect, however late it comes, even when the match is over", () => {
    const made: { readonly sender: string; readonly action: GameAction }[] = [];
    let last: Table | undefined;
    for (const { table, sender, action } of honestGame()) {
      for (const old of made) {
        const before = table.game();
        expect(table.send("anybody", old.action), old.action.kind).to.satisfy(
          (code: string | undefined) => code === undefined || old.action.kind === "postTraceRoot",
        );
        expect(table.game()).to.equal(before);
      }
      made.push({ sender, action });
      last = table;
    }
    if (last === undefined) throw new Error("no game");
    expect(openMatches(last.game())).to.have.length(0);
    for (const { sender, action } of made) {
      const before = last.game();
      expect(last.send(sender, action)).to.equal(undefined);
      expect(last.game()).to.equal(before);
    }
  });
});

describe("anyone", () => {
  it("may make any move of a match, but only claim 0's author posts its trace root", () => {
    for (const { table, action } of honestGame()) {
      if (action.kind === "postTraceRoot") expect(table.send("stranger", action)).to.equal("GAME_SIGNER");
      else {
        const before = table.game();
        expect(table.send("stranger", action)).to.equal(undefined);
        expect(table.game()).not.to.equal(before);
      }
    }
  });
});

describe("joining", () => {
  const reveal = (table: Table): TableAction => {
    const [action] = decideMoves(table.view(), playerOf(WATCHER));
    if (action?.kind !== "revealJoin") throw new Error("no reveal");
    return action;
  };

  it("is refused in the block of the commitment, twice, without one, after five blocks, and with another salt", () => {
    const table = newTable();
    expect(table.send("watcher", join)).to.equal(undefined);
    expect(table.send("watcher", join)).to.equal("GAME_JOINED");
    expect(table.send("watcher", reveal(table))).to.equal("GAME_TOO_SOON");
    expect(table.send("stranger", reveal(table))).to.equal("GAME_NO_JOIN");
    table.endBlock();
    const good = reveal(table);
    if (good.kind !== "revealJoin") throw new Error("no reveal");
    const salted = { ...good, value: { ...good.value, salt: saltOf("somebody else") } };
    expect(table.send("watcher", salted)).to.equal("GAME_COMMITMENT");
    for (let block = 0; block < 5; block++) table.endBlock();
    expect(table.send("watcher", good)).to.equal("GAME_NO_JOIN");
    expect(table.game().dispute.burnedUaivm).to.equal(1_001n);
  });

  it("reveals once", () => {
    const table = newTable();
    table.send("watcher", join);
    table.endBlock();
    const good = reveal(table);
    expect(table.send("watcher", good)).to.equal(undefined);
    expect(table.send("watcher", good)).to.equal("GAME_REVEALED");
  });

  it("takes no claim whose trace does not begin at the input or does not end at its output", () => {
    const table = newTable();
    table.send("watcher", join);
    table.endBlock();
    const good = reveal(table);
    if (good.kind !== "revealJoin") throw new Error("no reveal");
    const { inputSlot, outputSlot } = good.value;
    if (inputSlot === undefined || outputSlot === undefined) throw new Error("no slots");
    const wrong = [
      { inputSlot: outputSlot },
      { outputSlot: inputSlot },
      { inputSlot: { ...inputSlot, root: flip(inputSlot.root, 3) } },
      { outputSlot: { ...outputSlot, path: outputSlot.path.slice(1) } },
      { outputSlot: { ...outputSlot, slot: outputSlot.slot + 1 } },
      {
        inputSlot: {
          ...inputSlot,
          path: [...inputSlot.path.slice(1), flip(inputSlot.path[0] ?? inputSlot.root, 0)],
        },
      },
    ];
    for (const change of wrong)
      expect(table.send("watcher", { ...good, value: { ...good.value, ...change } })).to.equal("GAME_SLOT");
    expect(table.send("watcher", good)).to.equal(undefined);
  });

  it("costs twice as much with every rival after the flat ones", () => {
    const table = createTable({
      referee: REFEREE,
      inputRoot: INPUT_ROOT,
      executor: { name: "liar", trace: LIAR.trace },
      actors: [],
      rules: { flatRivals: 2, bondUaivm: 100n },
    });
    for (let i = 0; i < 5; i++) table.send(`rival ${i}`, join);
    expect(table.game().joins.map(({ bondUaivm }) => bondUaivm)).to.deep.equal([
      100n,
      100n,
      200n,
      400n,
      800n,
    ]);
  });
});

describe("a clock", () => {
  it("runs only while the claim's own opening is missing, and gets E back with every level, never above the start", () => {
    const table = joinedTable();
    const start = table.view().game.matches[0];
    expect(start?.stage).to.equal(MatchStage.MATCH_STAGE_TRACE_ROOT);
    for (let block = 0; block < 8; block++) table.endBlock();
    play(table, LIAR);
    const posted = table.game().matches[0];
    const full = table.game().dispute.rules.clockMs;
    expect(posted?.right?.clockMs, "the rival's stood still").to.equal(full);
    expect(posted?.left?.clockMs).to.equal(full - 4_000n);
    table.endBlock();
    play(table, WATCHER);
    const answered = table.game().matches[0];
    expect(answered?.level).to.equal(1);
    expect(answered?.left?.clockMs, "2 s back").to.equal(full - 2_000n);
    expect(answered?.right?.clockMs, "not above the start").to.equal(full);
  });

  it("that is empty lets no further move of its claim through", () => {
    const table = joinedTable();
    play(table, LIAR);
    const [move] = decideMoves(table.view(), playerOf(WATCHER));
    if (move?.kind !== "openNode") throw new Error("no move");
    expect(
      table.send("anybody", { kind: "timeout", key: "", value: { matchId: move.value.matchId } }),
    ).to.equal("GAME_CLOCK");
    const { clockMs } = table.game().dispute.rules;
    for (let passed = 0n; passed <= clockMs; passed += 500n) table.endBlock();
    expect(table.game().claims[1]?.status, "out at the end of the block").to.equal(2);
    expect(table.send("watcher", move)).to.equal(undefined);
    expect(table.game().claims[1]?.status).to.equal(2);
  });
});
