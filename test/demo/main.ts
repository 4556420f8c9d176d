/** make demo. SEED=n chooses another digit, another lie, another private image. */
import { join } from "node:path";
import { temporaryHome } from "./home.ts";
import { writeReport } from "./report.ts";
import { runDemo } from "./story.ts";

/** Lies about an element of a convolution: a long way down for the game. */
const DEFAULT_SEED = 3;

const seed = Number.parseInt(process.env.SEED ?? String(DEFAULT_SEED), 10);
const keep = process.env.KEEP_HOME === "1";
const home = temporaryHome();
try {
  const report = await runDemo({
    seed: Number.isInteger(seed) ? seed : DEFAULT_SEED,
    home: home.path,
    say: (line) => process.stdout.write(`${line}\n`),
  });
  const file = join(process.cwd(), "demo-report.json");
  writeReport(file, report);
  process.stdout.write(
    `\ndone in ${report.totalSeconds.toFixed(1)} s; the same as data in demo-report.json\n`,
  );
} catch (error) {
  process.stderr.write(
    `\nthe demo failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  process.exitCode = 1;
} finally {
  if (keep) process.stdout.write(`keys, data and logs: ${home.path}\n`);
  else home.remove();
}
