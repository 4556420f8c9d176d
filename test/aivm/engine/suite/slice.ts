/** Parts of the suite that are the same wherever they run: in Node, in a page, on another processor. */
import { fuzzCases } from "./fuzz.ts";
import { imageCases } from "./images.ts";
import { programCases } from "./programs.ts";
import type { SuiteCase } from "./suite.ts";
import { sumCases } from "./sums.ts";

/** How many random programs, two inputs each, and how many single ops. */
export interface GeneratedSpec {
  readonly seed: number;
  readonly programs: number;
  readonly fuzz: number;
}

/** The largest sums, images, and random programs and single ops of a seed. */
export function* generatedCases({ seed, programs, fuzz }: GeneratedSpec): Generator<SuiteCase> {
  yield* sumCases();
  yield* imageCases();
  yield* programCases({ seed, programs, inputs: 2 });
  yield* fuzzCases({ seed, cases: fuzz });
}

/** What tests run, a few seconds for each engine: 120 pairs of a random program and an input, and 3,452 single ops. */
export function sliceCases(): Generator<SuiteCase> {
  return generatedCases({ seed: 20_001, programs: 60, fuzz: 3_000 });
}
