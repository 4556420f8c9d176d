/** Area `demo`: the steps of the demo and their times, as the demo itself reports them. */

import { temporaryHome } from "../demo/home.ts";
import { runDemo } from "../demo/story.ts";
import type { BenchArea, BenchOptions, Figure } from "./rows.ts";
import { median } from "./statistics.ts";

/** Quick: one run. Otherwise three, medians per step. */
export const demoArea: BenchArea = {
  name: "demo",
  about: "Steps of the demo and their times",
  run: async (options) => {
    const runs: ReadonlyMap<string, number>[] = [];
    for (let run = 0; run < (options.quick ? 1 : 3); run++) runs.push(await oneRun(options, run + 3));
    const names = [...new Set(runs.flatMap((run) => [...run.keys()]))];
    return names.map((name) => figure(name, median(runs.flatMap((run) => run.get(name) ?? []))));
  },
};

async function oneRun(options: BenchOptions, seed: number): Promise<ReadonlyMap<string, number>> {
  const home = temporaryHome();
  try {
    const report = await runDemo({ seed, home: home.path, say: options.say });
    return new Map([
      ...report.steps.map(({ step, seconds }) => [step, seconds] as const),
      ["total", report.totalSeconds],
    ]);
  } finally {
    home.remove();
  }
}

function figure(step: string, seconds: number): Figure {
  return {
    area: "demo",
    case: step,
    engine: "wasm",
    threads: 1,
    metric: "seconds",
    value: seconds,
    unit: "s",
    peer: null,
    ratio: null,
  };
}
