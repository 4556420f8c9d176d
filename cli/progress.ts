/**
 * Progress of long work on standard error: on a terminal one line that is drawn over itself; elsewhere (a log) a line
 * every quarter, and none for work that is over within a few seconds.
 */

/** Draws `done` of `total`; call with done = total to end the line. */
export type Progress = (done: number, total: number) => void;

/** Where progress is drawn. */
export interface ProgressOutput {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** Work shorter than this leaves no lines in a log. */
const QUIET_MS = 3_000;

/** A progress line labelled `what`. @param out.now milliseconds, of any origin */
export function progressLine(
  what: string,
  out: { readonly output: ProgressOutput; readonly now: () => number } = {
    output: process.stderr,
    now: () => performance.now(),
  },
): Progress {
  return out.output.isTTY === true ? drawnLine(what, out.output) : sparseLines(what, out);
}

function drawnLine(what: string, output: ProgressOutput): Progress {
  let lastPercent = -1;
  return (done, total) => {
    const percent = percentOf(done, total);
    if (percent === lastPercent) return;
    lastPercent = percent;
    const filled = Math.round(percent / 4);
    const bar = `${"#".repeat(filled)}${"-".repeat(25 - filled)}`;
    output.write(`\r${what} [${bar}] ${percent} %${done >= total ? "\n" : ""}`);
  };
}

function sparseLines(
  what: string,
  { output, now }: { readonly output: ProgressOutput; readonly now: () => number },
): Progress {
  const start = now();
  let lastQuarter = 0;
  return (done, total) => {
    const quarter = Math.floor(percentOf(done, total) / 25);
    if (quarter === lastQuarter) return;
    lastQuarter = quarter;
    if (now() - start >= QUIET_MS) output.write(`${what}: ${25 * quarter} %\n`);
  };
}

function percentOf(done: number, total: number): number {
  return total === 0 ? 100 : Math.floor((100 * done) / total);
}

/** A line of its own between progress lines; nothing when standard error is not a terminal. */
export function progressNote(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`${text}\n`);
}
