/** The part of the suite that tests run: a few seconds for each engine; in a page and in Node it is the same. */
import { fuzzCases } from "./fuzz.ts";
import { programCases } from "./programs.ts";
import type { SuiteCase } from "./suite.ts";

/** 120 pairs of a random program and an input, and 3,000 single ops. */
export function* sliceCases(): Generator<SuiteCase> {
  yield* programCases({ seed: 20_001, programs: 60, inputs: 2 });
  yield* fuzzCases({ seed: 20_002, cases: 3_000 });
}
