/** Errors of codespace `dispute`: one numeric code per reason for which the game refuses a move. */
import { type Fail, failuresOf } from "../failures.ts";

/** Codes; never reused. */
export const DISPUTE_CODES = {
  over: 2,
  window: 3,
  joined: 4,
  rivals: 5,
  revealed: 6,
  noJoin: 7,
  tooSoon: 8,
  revealLate: 9,
  commitment: 10,
  slot: 11,
  signer: 12,
  claimLost: 13,
  posted: 14,
  clock: 15,
  match: 16,
  claim: 17,
  target: 18,
  stage: 19,
  witness: 20,
  opening: 21,
  next: 22,
  unknownDispute: 23,
  malformed: 24,
  output: 25,
} as const;

/** Makes an error of the module. */
export const disputeError: Fail<keyof typeof DISPUTE_CODES> = failuresOf("dispute", DISPUTE_CODES);

type Refusal = readonly [code: keyof typeof DISPUTE_CODES, what: string, want: string, remedy: string];

/** What the game says by a code, in the reader's terms. */
const REFUSALS: Readonly<Record<string, Refusal>> = {
  GAME_OVER: ["over", "dispute", "one that is not settled", "Nothing can be moved any more."],
  GAME_WINDOW: [
    "window",
    "challenge",
    "one inside the challenge window",
    "The result can no longer be challenged.",
  ],
  GAME_JOINED: [
    "joined",
    "challenger",
    "an account without a claim or commitment in this dispute",
    "Reveal the commitment that stands: one account, one claim.",
  ],
  GAME_RIVALS: ["rivals", "rivals", "fewer", "The bond of one more rival is beyond all amounts."],
  GAME_REVEALED: ["revealed", "reveal", "the first one of a commitment", "It was revealed already."],
  GAME_NO_JOIN: ["noJoin", "reveal", "a standing commitment of this account", "Send MsgJoin first."],
  GAME_TOO_SOON: ["tooSoon", "reveal", "a later block than the commitment's", "Send it again."],
  GAME_REVEAL_LATE: ["revealLate", "reveal", "a block within the time to reveal", "Its bond is burned."],
  GAME_COMMITMENT: [
    "commitment",
    "reveal",
    "output, trace root and salt that were committed to",
    "Reveal what the commitment was made of.",
  ],
  GAME_SLOT: [
    "slot",
    "slot opening",
    "inclusion proofs of the right slots under the trace root",
    "Open the slots in the tree over all slots, padded to a power of two.",
  ],
  GAME_SIGNER: ["signer", "signer", "the author of claim 0", "Back its output by a claim of your own."],
  GAME_CLAIM_LOST: ["claimLost", "claim", "one that stands", "The claim is out."],
  GAME_POSTED: ["posted", "trace root", "the one that was posted", "It can not be replaced."],
  GAME_CLOCK: ["clock", "clock", "one that allows this move", "Look at the dispute again."],
  GAME_MATCH: ["match", "match", "the id of a match", "Look at the dispute again."],
  GAME_CLAIM: ["claim", "claim", "one of the two that play", "Name a claim of this match."],
  GAME_TARGET: [
    "target",
    "target of the move",
    "the level and both hashes at which the match stands",
    "Look at the match again: it has gone on.",
  ],
  GAME_STAGE: ["stage", "move", "what the match waits for", "Look at the match's stage."],
  GAME_WITNESS: [
    "witness",
    "witness",
    "exactly the operands of the disputed element, with proofs",
    "Make it anew from the trace of the claim that it names.",
  ],
  GAME_OPENING: ["opening", "opening", "what the current node's hash stands for", "Open that node."],
  GAME_NEXT: [
    "next",
    "second opening",
    "one only where the first completes a level and another follows",
    "Leave it out.",
  ],
};

/** The refusal of a move as an error. */
export function refusedMove(refusal: { readonly code: string; readonly at: string }): Error {
  const row = REFUSALS[refusal.code];
  if (row === undefined) throw new RangeError(`no error for ${refusal.code}`);
  const [code, what, want, remedy] = row;
  return disputeError(code, { what, want, got: refusal.at, remedy });
}
