/**
 * The ordinary runner with a lying execution; with --watch, a false challenger that stands for its lie. The lie comes from the environment: LIE_SEED (default 1), and, to choose
 * instead of drawing, LIE_OP, LIE_ELEMENT, LIE_DELTA. All else is the runner's own command line.
 */
import type { Execute } from "../../../node-runner/core/execution.ts";
import type { Log } from "../../../node-runner/core/log.ts";
import { runnerMain } from "../../../node-runner/io/main.ts";
import { createLiar } from "./liar.ts";

function integer(name: string): number | undefined {
  const text = process.env[name];
  return text === undefined || text === "" ? undefined : Number.parseInt(text, 10);
}

const [op, element, delta] = [integer("LIE_OP"), integer("LIE_ELEMENT"), integer("LIE_DELTA")];

const createExecute = (log: Log): Execute =>
  createLiar({
    seed: integer("LIE_SEED") ?? 1,
    ...(op === undefined ? {} : { op }),
    ...(element === undefined ? {} : { element }),
    ...(delta === undefined ? {} : { delta }),
    onLie: (lie) => log.info({ lie }, "told a lie"),
  });

await runnerMain({ argv: process.argv.slice(2), createExecute, createConfirm: createExecute });
