/** Rewritten graphs of the ONNX suite, run in float, beside the outputs that the suite expects. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { decodeOnnx } from "../../../../../aivm/import/onnx/format/decode.ts";
import { isRewritten, rewriteGraph } from "../../../../../aivm/import/onnx/rewrite/rewrite.ts";
import { expectedOutputs, filesOf, type ManifestRow, readTensor } from "../../../../conformance/onnxFiles.ts";
import { requireTestData } from "../../../../support/testData.ts";
import { requireOrt } from "../../../support/floatReference.ts";
import { expectClose, runGraph } from "../../../support/onnxGraphs.ts";

/** Operators that the runtime does not have, or has in a form of its own: only outside vectors can judge them. */
const JUDGED = ["LinearAttention", "CausalConvWithState", "SwiGLU", "Attention", "RotaryEmbedding", "PRelu"];

/** Expected outputs that hold -infinity (scores behind a mask) are compared where they are finite. */
function finite(values: ArrayLike<number | bigint>): boolean {
  return Array.from(values, Number).every(Number.isFinite);
}

describe("rewritten graphs give what the ONNX suite expects", () => {
  for (const operator of JUDGED) {
    it(operator, async function () {
      const folder = requireTestData(this, "conformance", "onnx");
      const reference = await requireOrt(this);
      const manifest = JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8")) as (ManifestRow & {
        readonly ops: readonly string[];
      })[];
      let compared = 0;
      for (const row of manifest.filter(({ ops }) => ops.includes(operator))) {
        const files = filesOf(folder, row);
        const graph = decodeOnnx(readFileSync(files.model));
        if (!graph.nodes.some((node) => node.opType === operator && isRewritten(node, graph.opset))) continue;
        for (const set of files.sets) {
          const feeds = graph.inputs.map(({ name }, i) => ({ ...readTensor(set.inputs?.[i] ?? ""), name }));
          const rewritten = await rewriteGraph({ graph, reference, feeds, bound: new Set() });
          const got = await runGraph(rewritten.graph, feeds, reference);
          for (const [i, want] of expectedOutputs(set).entries()) {
            const name = graph.outputs[i]?.name ?? "";
            if (!finite(want.data)) continue;
            expectClose(got.get(name), { ...want, name: `${row.case}: ${name}` }, 1e-5);
            compared++;
          }
        }
      }
      expect(compared).to.be.at.least(1);
    });
  }
});
