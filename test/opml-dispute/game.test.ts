import { expect } from "chai";
import { equalBytes } from "../../common/index.ts";
import {
  type Game,
  heldUaivm,
  levelCounts,
  mostMoves,
  type TraceProvider,
  worstCaseMs,
} from "../../opml-dispute/index.ts";
import { LossReason } from "../../proto/index.ts";
import {
  type Alphabet,
  alphabetReferee,
  chunksOf,
  INPUT_ROOT,
  itemOf,
  outputRootOf,
  providerOf,
  traceOf,
  type WrittenTrace,
  withChunks,
  write,
} from "../support/alphabet.ts";
import {
  copycat,
  crashing,
  idle,
  joining,
  late,
  playing,
  replaying,
  revealingOnly,
  spoiling,
  stuttering,
  watching,
} from "./support/actors.ts";
import {
  type Actor,
  BLOCK_MS,
  type Evening,
  playEvening,
  RULES,
  seedBytes,
  type TableAction,
} from "./support/table.ts";

/** 40 ops of 600 letters: two op levels, one tile level, three chunks of which the last is padded. */
const ALPHABET: Alphabet = { ops: 40, length: 600 };
const REFEREE = alphabetReferee(ALPHABET);
const TRUTH = traceOf(write(ALPHABET));
const HONEST = providerOf(TRUTH);
const LEVELS = levelCounts({ slots: ALPHABET.ops + 2, maxChunks: 3, arityLog2: 4 });

const lying = (slot: number, element: number, by = 1): TraceProvider =>
  providerOf(traceOf(write(ALPHABET, [{ slot, element, by }])));
const seat = (name: string, trace: TraceProvider) => ({ name, trace, referee: REFEREE });

/** One executor, one watcher. Accepts the executor's actor to be anything. */
function duel(
  executor: { readonly actor: Actor; readonly trace: TraceProvider },
  rivals: readonly Actor[],
): Evening {
  return playEvening({
    referee: REFEREE,
    inputRoot: INPUT_ROOT,
    executor: { name: executor.actor.name, trace: executor.trace },
    actors: [executor.actor, ...rivals],
  });
}

function expectHonest(evening: Evening): void {
  expect(evening.outputRoot, "an output is final").not.to.equal(undefined);
  expect(equalBytes(evening.outputRoot ?? new Uint8Array(), HONEST.outputRoot), "the true one").to.equal(
    true,
  );
}

function expectHonestGain(evening: Evening, name: string): void {
  expect(evening.gains.get(name) ?? 0n, `${name} loses nothing`).to.satisfy((gain: bigint) => gain >= 0n);
}

const movesOf = (game: Game): number => Math.max(0, ...game.matches.map(({ moves }) => moves));

describe("a result that nobody contests", () => {
  it("is final when its window is over, not before, and its bond goes back", () => {
    const evening = duel({ actor: idle("executor"), trace: HONEST }, [watching(seat("watcher", HONEST))]);
    expectHonest(evening);
    expect(evening.nowMs - 1_000n - BLOCK_MS).to.equal(RULES.windowMs);
    expect(evening.gains.get("executor")).to.equal(0n);
    expect(evening.game.dispute.joins).to.equal(0);
  });
});

describe("one lie, one watcher", () => {
  it("finds a lie at every slot, in the first, middle and last chunk, within R_i + 3 moves, and pays the watcher", () => {
    const elements = [0, 255, 256, 599];
    for (let slot = 1; slot <= ALPHABET.ops; slot++) {
      const element = elements[slot % elements.length] ?? 0;
      const lie = lying(slot, element);
      const evening = duel({ actor: playing(seat("liar", lie)), trace: lie }, [
        watching(seat("watcher", HONEST)),
      ]);
      expectHonest(evening);
      expect(evening.survivors).to.deep.equal([1]);
      const [match] = evening.game.matches;
      expect([match?.slot, match?.element]).to.deep.equal([slot, element]);
      expect(evening.game.claims[0]?.loss).to.equal(LossReason.LOSS_REASON_ELEMENT);
      expect(movesOf(evening.game)).to.be.at.most(mostMoves(LEVELS));
      expect(evening.refusals).to.satisfy((list: string[]) =>
        list.every((text) => /GAME_(TARGET|MATCH)/.test(text)),
      );
      expect(evening.gains.get("watcher")).to.equal(RULES.bondUaivm / 2n);
      expect(evening.gains.get("liar")).to.equal(-RULES.bondUaivm);
      expect(evening.burnedUaivm).to.equal(RULES.bondUaivm - RULES.bondUaivm / 2n);
    }
  });

  it("an honest executor beats a lying rival in the same way", () => {
    for (const slot of [1, 16, 17, 40]) {
      const lie = lying(slot, 300);
      const evening = duel({ actor: playing(seat("executor", HONEST)), trace: HONEST }, [
        joining(seat("rival", lie)),
      ]);
      expectHonest(evening);
      expect(evening.survivors).to.deep.equal([0]);
      expect(evening.gains.get("executor")).to.equal(RULES.bondUaivm / 2n);
      expect(movesOf(evening.game)).to.be.at.most(mostMoves(LEVELS));
    }
  });

  it("settles faster than two windows when nobody stalls", () => {
    const lie = lying(9, 9);
    const evening = duel({ actor: playing(seat("liar", lie)), trace: lie }, [
      watching(seat("watcher", HONEST)),
    ]);
    expect(evening.nowMs - 1_000n).to.satisfy((ms: bigint) => ms < 2n * RULES.windowMs);
  });
});

describe("stalling", () => {
  it("an executor that never posts its trace loses by its clock", () => {
    const evening = duel({ actor: idle("liar"), trace: lying(5, 5) }, [watching(seat("watcher", HONEST))]);
    expectHonest(evening);
    expect(evening.game.claims[0]?.loss).to.equal(LossReason.LOSS_REASON_TIMEOUT);
    expectHonestGain(evening, "watcher");
  });

  it("a rival that stops moving loses, whichever side opens first", () => {
    const evening = duel({ actor: playing(seat("executor", HONEST)), trace: HONEST }, [
      revealingOnly(seat("rival", lying(3, 3))),
    ]);
    expectHonest(evening);
    expect(evening.survivors).to.deep.equal([0]);
  });

  it("moves in the last tick lead to the same end, within the bound", () => {
    const lie = lying(12, 80);
    const evening = duel({ actor: late(playing(seat("liar", lie)), 1_000n), trace: lie }, [
      watching(seat("watcher", HONEST)),
    ]);
    expectHonest(evening);
    const bound = worstCaseMs(
      {
        windowMs: RULES.windowMs,
        longestMs: 2n * (RULES.clockMs + BigInt(LEVELS.opLevels + LEVELS.tileLevels + 1) * RULES.levelMs),
        rivals: 1,
      },
      { revealBlocks: RULES.revealBlocks, blockIntervalMs: BLOCK_MS },
    );
    expect(evening.nowMs - 1_000n).to.satisfy((ms: bigint) => ms <= bound);
  });

  it("two silent claims are both out: void, and nothing is paid to anybody", () => {
    const lie = lying(5, 5);
    const posting: Actor = {
      name: "a",
      act: (view) => {
        const [action] = playing(seat("a", lie)).act(view);
        if (action?.kind !== "postTraceRoot") return [];
        return [{ ...action, value: { ...action.value, children: [] } }];
      },
    };
    // In this order it posts in the block of the reveal, so that both clocks start together.
    const evening = playEvening({
      referee: REFEREE,
      inputRoot: INPUT_ROOT,
      executor: { name: "a", trace: lie },
      actors: [revealingOnly(seat("b", lying(6, 6))), posting],
    });
    expect(evening.game.dispute.status).to.equal(3);
    expect(evening.outputRoot).to.equal(undefined);
    expect(evening.burnedUaivm).to.equal(2n * RULES.bondUaivm);
    expect(heldUaivm(evening.game)).to.equal(0n);
  });

  it("a commitment that is never revealed burns its whole bond and holds finality up only so long", () => {
    const mute: Actor = {
      name: "mute",
      act: (view) =>
        joining(seat("mute", lying(2, 2)))
          .act(view)
          .filter(({ kind }) => kind === "join"),
    };
    const evening = duel({ actor: idle("executor"), trace: HONEST }, [mute]);
    expectHonest(evening);
    expect(evening.gains.get("mute")).to.satisfy((gain: bigint) => gain <= -RULES.bondUaivm);
  });
});

describe("traces that are no traces", () => {
  const spoiled = (change: (trace: WrittenTrace) => WrittenTrace): TraceProvider => providerOf(change(TRUTH));

  it("a garbage root with proven ends loses by its clock: nobody can open it", () => {
    const garbage = spoiled(({ items, chunks }) => {
      const wrong = chunks.map((leaves, slot) =>
        slot === 7 ? leaves.map((leaf) => seedBytes(leaf.length)) : leaves,
      );
      return {
        items: items.map((item, slot) => (slot === 7 ? itemOf(7, seedBytes(1)) : item)),
        chunks: wrong,
        outputRoot: HONEST.outputRoot,
      };
    });
    const lie = outputRootOf(write(ALPHABET, [{ slot: 40, element: 1 }]).at(-1) ?? []);
    const posted = providerOf({
      items: [
        ...Array.from({ length: 41 }, (_, i) => itemOf(i, i === 0 ? INPUT_ROOT : seedBytes(i))),
        itemOf(41, lie),
      ],
      chunks: [],
      outputRoot: lie,
    });
    const evening = duel({ actor: playing(seat("liar", posted)), trace: posted }, [
      watching(seat("watcher", HONEST)),
    ]);
    expectHonest(evening);
    expect(garbage.outputRoot).to.deep.equal(HONEST.outputRoot);
  });

  it("a true trace with a false output is out as soon as the output slots are shown", () => {
    const falseRoot = outputRootOf(write(ALPHABET, [{ slot: 40, element: 5 }]).at(-1) ?? []);
    const trace = spoiled(({ items, chunks }) => ({
      items: items.map((item, slot) => (slot === 41 ? itemOf(41, falseRoot) : item)),
      chunks,
      outputRoot: falseRoot,
    }));
    const evening = duel({ actor: playing(seat("liar", trace)), trace }, [watching(seat("watcher", HONEST))]);
    expectHonest(evening);
    expect(evening.game.claims[0]?.loss).to.equal(LossReason.LOSS_REASON_OUTPUT);
  });

  it("a false prefix that comes back to the true letters is found where it begins", () => {
    const trace = providerOf(
      traceOf(
        write(ALPHABET, [
          { slot: 4, element: 10 },
          { slot: 20, element: 10, by: 25 },
          { slot: 40, element: 11 },
        ]),
      ),
    );
    const evening = duel({ actor: playing(seat("liar", trace)), trace }, [watching(seat("watcher", HONEST))]);
    expectHonest(evening);
    expect(evening.game.matches[0]?.slot).to.equal(4);
  });

  it("a letter beyond the shape loses at once, when the chunk is shown", () => {
    const tensors = write(ALPHABET, [{ slot: 40, element: 0 }]);
    const chunks = [[], ...tensors.map(chunksOf)];
    const last = chunks[7]?.[2];
    if (last === undefined) throw new Error("no chunk");
    last[255] = 9;
    const trace = providerOf(withChunks(chunks, outputRootOf(tensors.at(-1) ?? [])));
    const evening = duel({ actor: playing(seat("liar", trace)), trace }, [watching(seat("watcher", HONEST))]);
    expectHonest(evening);
    expect(evening.game.claims[0]?.loss).to.equal(LossReason.LOSS_REASON_PADDING);
  });

  it("a chunk beyond the last one, or of a wrong length, or an item of a wrong form, loses at once", () => {
    const tensors = write(ALPHABET, [{ slot: 40, element: 0 }]);
    const output = outputRootOf(tensors.at(-1) ?? []);
    const variants: readonly (readonly [WrittenTrace, number])[] = [
      [
        withChunks(
          [[], ...tensors.map(chunksOf)].map((leaves, slot) =>
            slot === 3 ? [...leaves, new Uint8Array(256)] : leaves,
          ),
          output,
        ),
        LossReason.LOSS_REASON_PADDING,
      ],
      [
        withChunks(
          [[], ...tensors.map(chunksOf)].map((leaves, slot) =>
            slot === 3 ? leaves.map((leaf, c) => (c === 1 ? leaf.slice(1) : leaf)) : leaves,
          ),
          output,
        ),
        LossReason.LOSS_REASON_MALFORMED,
      ],
      [
        ((trace) => ({
          ...trace,
          items: trace.items.map((item, slot) => (slot === 3 ? itemOf(4, item.slice(4)) : item)),
        }))(traceOf(tensors)),
        LossReason.LOSS_REASON_MALFORMED,
      ],
    ];
    for (const [written, loss] of variants) {
      const trace = providerOf(written);
      const evening = duel({ actor: playing(seat("liar", trace)), trace }, [
        watching(seat("watcher", HONEST)),
      ]);
      expectHonest(evening);
      expect(evening.game.claims[0]?.loss).to.equal(loss);
    }
  });

  it("slots written beyond the last one are padding that is none", () => {
    const written: WrittenTrace = { ...TRUTH, items: [...TRUTH.items, itemOf(42, seedBytes(3))] };
    const stuffed = providerOf(written);
    const liar = lying(1, 1);
    // Same output as the truth, other root: plays the honest claim only because a third output exists.
    const evening = duel({ actor: playing(seat("stuffed", stuffed)), trace: stuffed }, [
      joining(seat("watcher", HONEST)),
      joining(seat("liar", liar)),
    ]);
    expectHonest(evening);
    expect(evening.game.claims.find(({ members }) => members[0]?.address === "stuffed")?.loss).to.equal(
      LossReason.LOSS_REASON_PADDING,
    );
  });
});

describe("slots that must repeat the one before", () => {
  const alphabet: Alphabet = { ops: 20, length: 300, copies: [9, 10, 11] };
  const referee = alphabetReferee(alphabet);
  const honest = providerOf(traceOf(write(alphabet)));

  it("are judged by equality, never descended into", () => {
    const lie = providerOf(traceOf(write(alphabet, [{ slot: 10, element: 299 }])));
    const evening = playEvening({
      referee,
      inputRoot: INPUT_ROOT,
      executor: { name: "liar", trace: lie },
      actors: [
        playing({ name: "liar", trace: lie, referee }),
        watching({ name: "watcher", trace: honest, referee }),
      ],
    });
    expect(evening.outputRoot).to.deep.equal(honest.outputRoot);
    expect(evening.game.claims[0]?.loss).to.equal(LossReason.LOSS_REASON_COPY);
  });
});

describe("late flips and silent truths", () => {
  it("a right executor that goes silent for a false rival is replaced by the watcher's own claim", () => {
    const lie = lying(30, 30);
    const evening = duel({ actor: idle("executor"), trace: HONEST }, [
      joining(seat("flipper", lie), ({ moment }) => moment.nowMs > 9_000n),
      watching(seat("watcher", HONEST)),
    ]);
    expectHonest(evening);
    expectHonestGain(evening, "watcher");
    expect(evening.gains.get("flipper")).to.equal(-RULES.bondUaivm);
  });

  it("a survivor that came late is joinable for a whole window of its own", () => {
    const lie = lying(30, 30);
    const evening = duel({ actor: idle("executor"), trace: HONEST }, [
      joining(seat("flipper", lie), ({ moment }) => moment.nowMs >= 10_500n),
      watching(seat("sleeper", HONEST)),
    ]);
    expectHonest(evening);
    const flipped = evening.game.claims.find(({ members }) => members[0]?.address === "flipper");
    expect(evening.nowMs - (flipped?.publicMs ?? 0n)).to.satisfy((ms: bigint) => ms >= RULES.windowMs);
  });

  it("a claim after the window is refused", () => {
    const codes: (string | undefined)[] = [];
    const evening = duel({ actor: idle("executor"), trace: lying(1, 1) }, [
      {
        name: "late",
        act: (view) => (view.moment.nowMs >= 11_000n ? [{ kind: "join", trace: HONEST, key: "join" }] : []),
      },
    ]);
    codes.push(...evening.refusals);
    expect(evening.survivors).to.deep.equal([0]);
    expect(codes[0]).to.match(/GAME_WINDOW/);
  });
});

describe("who is rewarded", () => {
  it("those who committed before their claim was shown share; a copycat gets its bond back and nothing more", () => {
    const lie = lying(8, 8);
    const evening = duel({ actor: playing(seat("liar", lie)), trace: lie }, [
      joining(seat("first", HONEST)),
      joining(seat("second", HONEST)),
      copycat("copycat", REFEREE, HONEST),
    ]);
    expectHonest(evening);
    const gains = ["first", "second", "copycat"].map((name) => evening.gains.get(name));
    expect(gains).to.deep.equal([250n, 250n, 0n]);
    expect(evening.game.claims[1]?.members.map(({ address }) => address)).to.deep.equal([
      "first",
      "second",
      "copycat",
    ]);
  });

  it("who plays against himself loses half of what he put up", () => {
    const lie = lying(8, 8);
    const evening = duel({ actor: playing(seat("self", lie)), trace: lie }, [
      joining(seat("other self", HONEST)),
    ]);
    const total = (evening.gains.get("self") ?? 0n) + (evening.gains.get("other self") ?? 0n);
    expect(total).to.equal(-(RULES.bondUaivm - RULES.bondUaivm / 2n));
  });

  it("a stranger who backs the executor's output before it posts the same trace is merged into its claim", () => {
    const lie = lying(8, 8);
    const evening = duel(
      { actor: crashing(playing(seat("executor", HONEST)), (height) => height > 30n), trace: HONEST },
      [joining(seat("stranger", HONEST)), joining(seat("liar", lie))],
    );
    expectHonest(evening);
    expect(evening.game.claims[1]?.status).to.equal(3);
    expect(evening.gains.get("stranger")).to.equal(0n);
    expect(evening.gains.get("executor")).to.equal(RULES.bondUaivm / 2n);
  });
});

describe("several rivals", () => {
  it("an honest claim among N = 64 rivals plays at most ceil(log2(N + 1)) matches, with one bond", () => {
    const alphabet: Alphabet = { ops: 6, length: 20 };
    const referee = alphabetReferee(alphabet);
    const honest = providerOf(traceOf(write(alphabet)));
    const swarm = Array.from({ length: 63 }, (_, i) => {
      const trace = providerOf(
        traceOf(write(alphabet, [{ slot: 1 + (i % 6), element: i % 20, by: 1 + (i % 5) }])),
      );
      return { name: `sybil ${i}`, trace, referee };
    });
    const lie = swarm[0]?.trace ?? honest;
    const evening = playEvening({
      referee,
      inputRoot: INPUT_ROOT,
      executor: { name: "liar", trace: lie },
      actors: [
        playing({ name: "liar", trace: lie, referee }),
        ...swarm.slice(1, 30).map((sybil) => joining(sybil)),
        watching({ name: "watcher", trace: honest, referee }),
        ...swarm.slice(30).map((sybil) => joining(sybil)),
      ],
      maxBlocks: 2_000,
      isGuarded: false,
    });
    expect(evening.outputRoot).to.deep.equal(honest.outputRoot);
    const mine = evening.game.claims.findIndex(({ members }) =>
      members.some(({ address }) => address === "watcher"),
    );
    const played = evening.game.matches.filter(
      ({ left, right }) => left?.claim === mine || right?.claim === mine,
    );
    expect(evening.game.claims.length).to.be.greaterThan(50);
    expect(played.length).to.be.at.most(Math.ceil(Math.log2(evening.game.claims.length)));
    expect(played.length).to.be.at.most(7);
    expectHonestGain(evening, "watcher");
  });

  it("rivals that arrive one by one at the end of each other's window only cost their authors bonds, within the bound", () => {
    const rivals = [3, 5, 7, 11].map((slot, i) =>
      joining(
        seat(`rival ${i}`, lying(slot, slot)),
        ({ joinable, joinableUntilMs, moment, game }) =>
          joinable && game.dispute.joins === i && moment.nowMs + 1_000n >= joinableUntilMs,
      ),
    );
    const evening = duel({ actor: playing(seat("executor", HONEST)), trace: HONEST }, rivals);
    expectHonest(evening);
    expect(evening.survivors).to.deep.equal([0]);
    expectHonestGain(evening, "executor");
    const longestMs = 2n * (RULES.clockMs + BigInt(LEVELS.opLevels + LEVELS.tileLevels + 1) * RULES.levelMs);
    const bound = worstCaseMs(
      { windowMs: RULES.windowMs, longestMs, rivals: 4 },
      { revealBlocks: RULES.revealBlocks, blockIntervalMs: BLOCK_MS },
    );
    expect(evening.nowMs - 1_000n).to.satisfy((ms: bigint) => ms <= bound);
  });
});

describe("every pair of actors", () => {
  const LIES = [lying(1, 0), lying(17, 256), lying(40, 599)];

  const executors: readonly (readonly [string, (trace: TraceProvider) => Actor])[] = [
    ["playing", (trace) => playing(seat("executor", trace))],
    ["idle", () => idle("executor")],
    ["late", (trace) => late(playing(seat("executor", trace)), 1_500n)],
    ["stuttering", (trace) => stuttering(playing(seat("executor", trace)))],
    ["replaying", (trace) => replaying(playing(seat("executor", trace)))],
    ["wrong target", (trace) => spoiling(playing(seat("executor", trace)), wrongTarget)],
    ["flipped bits", (trace) => spoiling(playing(seat("executor", trace)), flipped)],
  ];

  const watchers: readonly (readonly [string, () => Actor])[] = [
    ["watching", () => watching(seat("watcher", HONEST))],
    ["stuttering", () => stuttering(watching(seat("watcher", HONEST)))],
    ["replaying", () => replaying(watching(seat("watcher", HONEST)))],
    ["crashing", () => crashing(watching(seat("watcher", HONEST)), (height) => height % 3n === 0n)],
    ["late", () => late(watching(seat("watcher", HONEST)), 3_000n)],
  ];

  const others: readonly (readonly [string, () => Actor[]])[] = [
    ["alone", () => []],
    ["with a second liar", () => [joining(seat("liar", lying(22, 22)))]],
    ["with a silent liar", () => [revealingOnly(seat("mute", lying(23, 23)))]],
    ["with a copycat", () => [copycat("copycat", REFEREE, HONEST)]],
  ];

  for (const [executorName, executor] of executors) {
    for (const [watcherName, watcher] of watchers) {
      it(`a lying executor that is ${executorName} loses to a watcher that is ${watcherName}, whoever else plays`, () => {
        for (const [i, [, company]] of others.entries()) {
          const lie = LIES[i % LIES.length] ?? HONEST;
          const evening = duel({ actor: executor(lie), trace: lie }, [watcher(), ...company()]);
          expectHonest(evening);
          expectHonestGain(evening, "watcher");
          expect(evening.gains.get("executor")).to.satisfy((gain: bigint) => gain < 0n);
        }
      });
    }
  }

  it("an honest executor survives every kind of rival", () => {
    for (const [, company] of others.slice(1)) {
      for (const rival of [
        joining(seat("rival", LIES[0] ?? HONEST)),
        stuttering(joining(seat("rival", LIES[1] ?? HONEST))),
      ]) {
        const evening = duel({ actor: playing(seat("executor", HONEST)), trace: HONEST }, [
          rival,
          ...company(),
        ]);
        expectHonest(evening);
        expectHonestGain(evening, "executor");
      }
    }
  });
});

function wrongTarget(action: TableAction): TableAction {
  if (action.kind !== "openNode" && action.kind !== "proveElement") return action;
  return { ...action, value: { ...action.value, level: action.value.level + 1 } } as TableAction;
}

function flipped(action: TableAction): TableAction {
  if (action.kind !== "openNode") return action;
  const children = action.value.children.map((child, i) =>
    i === 0 ? child.map((byte, at) => (at === 3 ? byte ^ 1 : byte)) : child,
  );
  return { ...action, value: { ...action.value, children } };
}
