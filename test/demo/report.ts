/** What the demo did, as data and as tables. Every row is written by the step that did it. */
import { writeFileSync } from "node:fs";
import { jsonText } from "../../cli/command.ts";
import { textTable } from "../../cli/table.ts";

/** One step that happened. */
export interface Step {
  /** Short and stable: programs look for `final`, `slash`, `receipt`. */
  readonly step: string;
  readonly what: string;
  /** Account or service that did it. */
  readonly who: string;
  /** Transaction hash (aivm: upper-case hex, EVM: 0x...) or "block <height>", or what stands for it off the chain. */
  readonly ref: string;
  readonly seconds: number;
}

/** Balance of one account before and after, in the chain's unit. */
export interface BalanceRow {
  readonly who: string;
  readonly address: string;
  readonly unit: string;
  readonly before: bigint;
  readonly after: bigint;
}

/** Top-1 accuracy over the whole test split, as counts. */
export interface AccuracyFigures {
  readonly images: number;
  readonly floatRight: number;
  readonly fixedRight: number;
  readonly sameAnswer: number;
}

/** The whole run. */
export interface DemoReport {
  readonly seed: number;
  readonly modelId: string;
  readonly accuracy: AccuracyFigures;
  readonly answers: Readonly<Record<string, string | number | boolean>>;
  readonly steps: readonly Step[];
  readonly balances: readonly BalanceRow[];
  readonly totalSeconds: number;
  readonly machine: string;
  readonly commit: string;
}

/** Steps as a table for people. */
export function stepTable(steps: readonly Step[]): string {
  const rows = steps.map(({ step, what, who, ref, seconds }, i) => [
    String(i + 1),
    step,
    what,
    who,
    shorten(ref),
    seconds.toFixed(2),
  ]);
  return textTable(["#", "step", "what", "who", "tx or block", "seconds"], rows);
}

/** Balances as a table for people. */
export function balanceTable(balances: readonly BalanceRow[]): string {
  const rows = balances.map(({ who, address, unit, before, after }) => {
    const change = after - before;
    return [
      who,
      shorten(address),
      grouped(before),
      grouped(after),
      `${change > 0n ? "+" : ""}${grouped(change)}`,
      unit,
    ];
  });
  return textTable(["who", "address", "before", "after", "change", "unit"], rows);
}

/** The report as JSON, for programs. */
export function writeReport(file: string, report: DemoReport): void {
  writeFileSync(file, `${jsonText(report)}\n`);
}

/** Integers with a comma every three digits. */
export function grouped(value: bigint): string {
  return value.toString().replace(/\B(?=(\d{3})+(?!\d))/g, ",");
}

function shorten(text: string): string {
  return text.length > 24 ? `${text.slice(0, 12)}..${text.slice(-8)}` : text;
}
