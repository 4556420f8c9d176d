/**
 * A table at which actors play the pure game block by block, seen only through the query's encoded answer. After every
 * step it checks what must always hold: money is conserved, a refused move changes nothing.
 */
import { expect } from "chai";
import { bytesToHex, concatBytes, sha256, u32be, utf8 } from "../../../common/index.ts";
import {
  claimTimeout,
  type DisputeView,
  type Effect,
  type Game,
  type GameAction,
  type GameRules,
  heldUaivm,
  isJoinable,
  isOpen,
  joinableUntil,
  joinBond,
  joinGame,
  type Moment,
  openGame,
  openNode,
  postTraceRoot,
  proveElement,
  type Referee,
  revealJoin,
  settleGame,
  standingOf,
  type TraceProvider,
  tickGame,
  viewOf,
  voidGame,
} from "../../../opml-dispute/index.ts";
import { decodeMessage, encodeMessage, joinCommitment } from "../../../proto/index.ts";

export const REQUEST_ID: Uint8Array = sha256(utf8("request"));
export const BLOCK_MS = 500n;
export const RULES: GameRules = {
  windowMs: 10_000n,
  clockMs: 23_000n,
  levelMs: 2_000n,
  revealBlocks: 5n,
  arityLog2: 4,
  slots: 0,
  bondUaivm: 1_001n,
  flatRivals: 63,
};

/** What an actor may do besides the moves of the game: commit to a claim. */
export type TableAction =
  | GameAction
  | { readonly kind: "join"; readonly trace: TraceProvider; readonly key: string };

/** A seat: looks at each block, returns what it sends. */
export interface Actor {
  readonly name: string;
  /** Called once a block. Wrong moves are allowed. */
  act(view: DisputeView): readonly TableAction[];
}

/** A finished evening. */
export interface Evening {
  readonly game: Game;
  readonly effects: readonly Effect[];
  readonly blocks: number;
  readonly nowMs: bigint;
  /** Change of each account's money, bonds included. */
  readonly gains: ReadonlyMap<string, bigint>;
  readonly burnedUaivm: bigint;
  /** "sender kind code at" of every refused move. */
  readonly refusals: readonly string[];
  /** Claims still standing at the end. */
  readonly survivors: readonly number[];
  /** Output of the survivors; undefined when void. */
  readonly outputRoot: Uint8Array | undefined;
}

/** How to play. */
export interface TableOptions {
  readonly referee: Referee;
  readonly inputRoot: Uint8Array;
  /** Who committed the accepted result. */
  readonly executor: { readonly name: string; readonly trace: TraceProvider };
  readonly actors: readonly Actor[];
  readonly rules?: Partial<GameRules>;
  readonly maxBlocks?: number;
  /** Called after every block. */
  readonly onBlock?: (view: DisputeView) => void;
  /** Compare the whole game before and after every move. Default true; slow with many claims. */
  readonly isGuarded?: boolean;
}

/** 20 bytes of a name. */
export function addressBytes(name: string): Uint8Array {
  return sha256(utf8(name)).slice(0, 20);
}

/** Salt of a name's join. */
export function saltOf(name: string): Uint8Array {
  return sha256(utf8(`salt ${name}`));
}

/** Plays until the game is settled. */
export function playEvening(options: TableOptions): Evening {
  const table = createTable(options);
  const { maxBlocks = 1_000 } = options;
  for (let block = 0; block < maxBlocks && isOpen(table.game()); block++) {
    for (const actor of options.actors) {
      if (!isOpen(table.game())) break;
      for (const action of actor.act(table.view())) table.send(actor.name, action);
    }
    table.endBlock();
    options.onBlock?.(table.view());
  }
  return table.result();
}

/** The table itself, for tests that move by hand. */
export interface Table {
  game(): Game;
  view(): DisputeView;
  /** @returns the refusal's code, or undefined when the move was taken */
  send(sender: string, action: TableAction): string | undefined;
  endBlock(): void;
  result(): Evening;
}

/** A table with claim 0 on it. */
export function createTable(options: TableOptions): Table {
  const { referee, executor } = options;
  const rules: GameRules = { ...RULES, slots: referee.slots, ...options.rules };
  let moment: Moment = { nowMs: 1_000n, height: 10n };
  let game = openGame(
    {
      requestId: REQUEST_ID,
      modelId: sha256(utf8("model")),
      inputRoot: options.inputRoot,
      generation: 1,
      rules,
      claimant: executor.name,
      payee: new Uint8Array(),
      outputRoot: executor.trace.outputRoot,
      traceRoot: new Uint8Array(),
      bondUaivm: rules.bondUaivm,
    },
    moment,
  );
  const { isGuarded = true } = options;
  let seen: { readonly game: Game; readonly moment: Moment; readonly view: DisputeView } | undefined;
  const gains = new Map<string, bigint>([[executor.name, -rules.bondUaivm]]);
  const effects: Effect[] = [];
  const refusals: string[] = [];
  let burned = 0n;
  let blocks = 0;
  const earn = (name: string, amount: bigint): void => {
    gains.set(name, (gains.get(name) ?? 0n) + amount);
  };
  const take = (next: { readonly game: Game; readonly effects: readonly Effect[] }): void => {
    game = next.game;
    effects.push(...next.effects);
    for (const effect of next.effects) {
      if (effect.kind === "joined") earn(effect.challenger, -effect.bondUaivm);
      if (effect.kind === "paid") earn(effect.to, effect.amountUaivm);
      if (effect.kind === "burned") burned += effect.amountUaivm;
    }
    expectSolvent(game, { gains, burned });
  };
  return {
    game: () => game,
    view: () => {
      if (seen?.game !== game || seen.moment !== moment) {
        seen = { game, moment, view: viewThroughTheWire(game, moment) };
      }
      return seen.view;
    },
    send: (sender, action) => {
      const before = isGuarded ? fingerprint(game) : "";
      const outcome = perform(game, sender, action, { referee, moment });
      if (isGuarded) expect(fingerprint(game), "a game is never altered in place").to.equal(before);
      if (outcome.ok) {
        take(outcome);
        return undefined;
      }
      refusals.push(`${sender} ${action.kind} ${outcome.code} ${outcome.at}`);
      return outcome.code;
    },
    endBlock: () => {
      take(tickGame(game, moment));
      const standing = standingOf(game, moment.nowMs);
      if (standing.kind === "final") take(settleGame(game));
      if (standing.kind === "void") take(voidGame(game));
      moment = { nowMs: moment.nowMs + BLOCK_MS, height: moment.height + 1n };
      blocks++;
    },
    result: () => {
      const paid = game.claims.filter(({ status }) => status === 1);
      return {
        game,
        effects,
        blocks,
        nowMs: moment.nowMs,
        gains,
        burnedUaivm: burned,
        refusals,
        survivors: paid.map(({ index }) => index),
        outputRoot: game.dispute.status === 2 ? paid[0]?.outputRoot : undefined,
      };
    },
  };
}

function perform(
  game: Game,
  sender: string,
  action: TableAction,
  by: { readonly referee: Referee; readonly moment: Moment },
): ReturnType<typeof openNode> | ReturnType<typeof joinGame> | ReturnType<typeof revealJoin> {
  switch (action.kind) {
    case "join": {
      const commitment = commitmentOf(sender, action.trace);
      return joinGame(game, { challenger: sender, commitment, feeUaivm: 0n }, by.moment);
    }
    case "revealJoin": {
      const { value } = action;
      // The output bytes of the toy are its output root.
      const commitment = joinCommitment({
        requestId: value.requestId,
        outputRoot: value.output,
        traceRoot: value.traceRoot,
        signer: addressBytes(sender),
        salt: value.salt,
      });
      const { inputSlot, outputSlot } = value;
      if (inputSlot === undefined || outputSlot === undefined) throw new Error("no slots");
      const move = {
        ...value,
        challenger: sender,
        commitment,
        outputRoot: value.output,
        inputSlot,
        outputSlot,
      };
      return revealJoin(game, move, by.moment);
    }
    case "postTraceRoot": {
      const { inputSlot, outputSlot } = action.value;
      if (inputSlot === undefined || outputSlot === undefined) throw new Error("no slots");
      return postTraceRoot(game, { ...action.value, signer: sender, inputSlot, outputSlot }, by);
    }
    case "openNode":
      return openNode(game, action.value, by);
    case "proveElement":
      return proveElement(game, action.value, by);
    case "timeout":
      return claimTimeout(game, action.value.matchId, by.moment);
  }
}

/** Commitment of a name to a trace. */
export function commitmentOf(name: string, trace: TraceProvider): Uint8Array {
  return joinCommitment({
    requestId: REQUEST_ID,
    outputRoot: trace.outputRoot,
    traceRoot: trace.traceRoot,
    signer: addressBytes(name),
    salt: saltOf(name),
  });
}

function viewThroughTheWire(game: Game, { nowMs, height }: Moment): DisputeView {
  const name = "aivm.dispute.v1.QueryDisputeResponse";
  const bytes = encodeMessage(name, {
    ...game,
    outputs: game.claims.map(({ outputRoot }) => outputRoot),
    nowMs,
    height,
    joinable: isJoinable(game, nowMs),
    joinableUntilMs: joinableUntil(game),
    joinBondUaivm: joinBond(game.dispute, 0n),
    blockIntervalMs: BLOCK_MS,
  });
  const view = viewOf(decodeMessage(name, bytes));
  if (view === undefined) throw new Error("no view");
  return view;
}

/** Bytes that change with anything in a game. */
export function fingerprint(game: Game): string {
  const name = "aivm.dispute.v1.QueryDisputeResponse";
  return bytesToHex(sha256(encodeMessage(name, { ...game })));
}

function expectSolvent(
  game: Game,
  money: { readonly gains: ReadonlyMap<string, bigint>; readonly burned: bigint },
): void {
  const { bondedUaivm, burnedUaivm, paidUaivm } = game.dispute;
  const held = heldUaivm(game);
  expect(burnedUaivm + paidUaivm + held, "bonded = burned + paid + held").to.equal(bondedUaivm);
  const outside = [...money.gains.values()].reduce((sum, gain) => sum + gain, 0n);
  expect(outside + money.burned + held, "accounts + burned + held").to.equal(0n);
  expect(money.burned).to.equal(burnedUaivm);
}

/** The first bytes that name a test's numbers. */
export function seedBytes(...numbers: readonly number[]): Uint8Array {
  return sha256(concatBytes(...numbers.map((value) => u32be(value >>> 0))));
}
