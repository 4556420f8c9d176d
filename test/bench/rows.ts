/** The one shape of every figure, and where it was measured. */
import { execFileSync } from "node:child_process";
import { cpus } from "node:os";
import { join } from "node:path";

/** One figure. `ratio` > 1 always means that ours is better than `peer` in the same run; null without a peer. */
export interface BenchRow {
  readonly area: string;
  readonly case: string;
  readonly engine: string;
  readonly threads: number;
  readonly metric: string;
  readonly value: number;
  readonly unit: string;
  readonly peer: string | null;
  readonly ratio: number | null;
  readonly machine: string;
  readonly commit: string;
  readonly date: string;
}

/** What a benchmark measures; machine, commit and date are added by `row`. */
export type Figure = Omit<BenchRow, "machine" | "commit" | "date">;

/** Settings of one run of an area. */
export interface BenchOptions {
  /** At most 60 seconds in all. */
  readonly quick: boolean;
  /** A line of progress for people. */
  readonly say: (line: string) => void;
}

/** One area of benchmarks. */
export interface BenchArea {
  readonly name: string;
  readonly about: string;
  /** How to read the rows, as Markdown: shown above the table in the docs. */
  readonly notes?: string;
  run(options: BenchOptions): Promise<readonly Figure[]>;
  /** SVG of its rows. Default: a bar per row, scaled by unit. */
  chart?(title: string, rows: readonly Figure[]): string;
}

/** Adds where and when. */
export function row(figure: Figure): BenchRow {
  return { ...figure, machine: machineName(), commit: commitName(), date: new Date().toISOString() };
}

/** Processor and number of cores. */
export function machineName(): string {
  const list = cpus();
  return `${list[0]?.model.trim() ?? "unknown processor"}, ${list.length} cores, Node ${process.versions.node}`;
}

/** Short commit of the checkout, "+" when it has changes, "unknown" outside one. */
export function commitName(): string {
  const cwd = join(import.meta.dirname, "..");
  try {
    const git = (...args: string[]): string =>
      execFileSync("git", args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
    return (
      git("rev-parse", "--short=12", "HEAD") +
      (git("status", "--porcelain", "--untracked-files=no") === "" ? "" : "+")
    );
  } catch {
    return "unknown";
  }
}
