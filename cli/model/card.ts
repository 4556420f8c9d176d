/** What the commands that measure a model say on its card, and how they print it. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Card } from "../../aivm/quantize/card.ts";
import type { Command, Invocation } from "../command.ts";
import { textTable } from "../table.ts";

/** Flags that say where a result goes, not what it is. */
const ELSEWHERE: ReadonlySet<string> = new Set(["out", "card", "json", "help"]);

/** Tool and command line for a card: the flags as given (and those with a default), sorted, without output paths. */
export function cardFacts(
  command: Pick<Command, "name">,
  invocation: Pick<Invocation, "flags" | "words">,
): { readonly tool: string; readonly command: string } {
  const flags = Object.entries(invocation.flags)
    .filter(([name, value]) => !ELSEWHERE.has(name) && value !== undefined && value !== false)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, value]) =>
      value === true ? [`--${name}`] : [value].flat().flatMap((v) => [`--${name}`, `${v}`]),
    );
  const words = ["aivm", ...command.name.split(" "), ...invocation.words, ...flags].map(quoted);
  return { tool: `aivm ${version()}`, command: words.join(" ") };
}

/** As a POSIX shell reads it back. */
function quoted(word: string): string {
  return /^[\w./=:,@+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** Version in the nearest package.json above: the same from source and from dist/. */
function version(): string {
  for (let at = import.meta.dirname; dirname(at) !== at; at = dirname(at)) {
    try {
      return (JSON.parse(readFileSync(join(at, "package.json"), "utf8")) as { version: string }).version;
    } catch {
      // Not here: one folder up.
    }
  }
  return "unknown";
}

/** A card as a table for people. */
export function cardTable(card: Card): string {
  const percent = (bps: number): string => `${(bps / 100).toFixed(2)} %`;
  const { audit, saturation } = card;
  const { worstAnswer } = audit;
  const worst = saturation.worst[0];
  const rows = [
    ["samples", `${card.evaluation.samples}`],
    [`float ${card.metric}`, percent(card.floatBps)],
    [`fixed-point ${card.metric}`, percent(card.fixedBps)],
    ["difference", `${(card.deltaBps / 100).toFixed(2)} points`],
    ["same answer", percent(card.agreementBps)],
    ["answers changed", `${audit.changed}`],
    [
      "changed most",
      `${worstAnswer.changed} of ${worstAnswer.samples} samples answered ${worstAnswer.answer}`,
    ],
    [
      "worst divergence",
      `${audit.worstDivergence} (${percent(audit.worstDivergenceBps)} of the largest value)`,
    ],
    [
      "SQNR of the float outputs",
      card.sqnrDeciDb === null ? "equal" : `${(card.sqnrDeciDb / 10).toFixed(1)} dB`,
    ],
    ["input saturation", `${saturation.inputPpm} ppm`],
    [
      "saturation",
      `${saturation.totalPpm} ppm${worst === undefined ? "" : `; most in ${worst.tensor}: ${worst.ppm} ppm`}`,
    ],
    ["evaluation set", card.evaluation.sha256],
    ["calibration set", card.calibration?.sha256 ?? "not known"],
    ["float model", card.onnxSha256],
    ["warning", card.warning ? card.reasons.join("; ") : "none"],
    ["command", card.command],
  ];
  return textTable(["measure", "value"], rows);
}
