/** The vectors of the specification as cases: what ops must give is known from the files, not from an engine. */
import { batchesOf, type OpFile, tensorOfVector } from "../../support/vectorBatches.ts";
import type { SuiteCase } from "./suite.ts";

/** Most inputs of one program. */
const MAX_INPUTS = 64;

/** Cases of kind "vectors": the vectors of each file that have a result, many to a program. */
export function* vectorCases(files: readonly OpFile[]): Generator<SuiteCase> {
  for (const file of files) {
    for (const [number, batch] of batchesOf(file, MAX_INPUTS).entries()) {
      yield {
        name: `vectors of ${file.op}, program ${number}`,
        kind: "vectors",
        count: batch.vectors.length,
        model: batch.model,
        inputs: [batch.inputs],
        known: batch.vectors.map((vector) => tensorOfVector(vector.output)),
      };
    }
  }
}
