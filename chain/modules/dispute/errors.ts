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

/** What the game says by a code, in the reader's terms. */
const REFUSALS: Readonly<Record<string, readonly [keyof typeof DISPUTE_CODES, string, string]>> = {
  GAME_OVER: ["over", "a dispute that is not settled", "Nothing can be moved any more."],
  GAME_WINDOW: [
    "window",
    "a result whose challenge window is open",
    "The result can no longer be challenged.",
  ],
  GAME_JOINED: ["joined", "an account without a claim or commitment here", "One account, one claim."],
  GAME_RIVALS: ["rivals", "fewer rivals", "The bond of one more rival is beyond all amounts."],
  GAME_REVEALED: ["revealed", "a commitment that was not revealed before", "It was revealed already."],
  GAME_NO_JOIN: ["noJoin", "a commitment of this account", "Send MsgJoin first."],
  GAME_TOO_SOON: ["tooSoon", "a block after the commitment's", "Reveal in a later block."],
  GAME_REVEAL_LATE: ["revealLate", "a block within the time to reveal", "The commitment has lapsed."],
  GAME_COMMITMENT: [
    "commitment",
    "what was committed to",
    "Reveal the committed output, trace root and salt.",
  ],
  GAME_SLOT: ["slot", "slots that are proven under the trace root", "Open the slots of the posted trace."],
  GAME_SIGNER: ["signer", "the author of claim 0", "Only the author posts the trace root of claim 0."],
  GAME_CLAIM_LOST: ["claimLost", "a claim that stands", "The claim is out."],
  GAME_POSTED: ["posted", "the trace root that was posted", "Another root stands."],
  GAME_CLOCK: ["clock", "a clock in the right state", "Look at the dispute again."],
  GAME_MATCH: ["match", "a match of this dispute", "Name an open match."],
  GAME_CLAIM: ["claim", "a claim of the match", "Name one of the two claims."],
  GAME_TARGET: ["target", "where the match stands now", "Look at the match again and move from there."],
  GAME_STAGE: ["stage", "a move of this stage", "Look at the match's stage."],
  GAME_WITNESS: ["witness", "a complete and right witness", "Bring the witness of the disputed element."],
  GAME_OPENING: ["opening", "what the node's hash stands for", "Open the current node."],
  GAME_NEXT: ["next", "no further opening", "The first opening ended the descent."],
};

/** The refusal of a move as an error. */
export function refusedMove(refusal: { readonly code: string; readonly at: string }): Error {
  const [code, want, remedy] = REFUSALS[refusal.code] ?? [
    "malformed",
    "a legal move",
    "Look at the dispute again.",
  ];
  return disputeError(code, { what: "move", want, got: refusal.at, remedy });
}
