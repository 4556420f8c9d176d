/** Progress of long work on a terminal: one line that is drawn over itself; nothing when the output is not a terminal. */

/** Draws `done` of `total`; call with done = total to end the line. */
export type Progress = (done: number, total: number) => void;

/** A progress line labelled `what` on standard error. */
export function progressLine(what: string): Progress {
  if (!process.stderr.isTTY) return () => undefined;
  let lastPercent = -1;
  return (done, total) => {
    const percent = total === 0 ? 100 : Math.floor((100 * done) / total);
    if (percent === lastPercent) return;
    lastPercent = percent;
    const filled = Math.round(percent / 4);
    process.stderr.write(
      `\r${what} [${"#".repeat(filled)}${"-".repeat(25 - filled)}] ${percent} %${done >= total ? "\n" : ""}`,
    );
  };
}
