import { expect } from "chai";
import {
  buildTrace,
  createReferenceEngine,
  inputRoot,
  type OpDescriptor,
  outputRoot,
  outputRootOf,
  slotTensor,
  tensorRoot,
  traceHeight,
  traceSlots,
} from "../../../aivm/index.ts";
import { concatBytes, treePath, treeRoot, u32be, verifyPath } from "../../../common/index.ts";
import { full, loaded, programOf } from "../support/models.ts";
import { literal } from "../support/nodes.ts";

const identity = (kind: "input" | "op", index: number): OpDescriptor => ({
  opcode: 8,
  operands: [{ kind, index }],
  output: full("i8", 3),
  attrs: [0, 1, 1, 0],
});

describe("a trace", () => {
  const model = loaded(
    programOf({ inputs: [full("i8", 3)], ops: [identity("input", 0), identity("op", 0)], outputs: [1, 0] }),
  );
  const inputs = [literal([3], [100, -50, 3])];
  const seed = new Uint8Array(32).fill(9);

  it("has the input root first, then every op's tensor root, then the output root", async () => {
    const { outputs, ops = [] } = await createReferenceEngine(model).run({ inputs, keepOps: true });
    const trace = buildTrace({ program: model.program, inputs, seed, maxTokens: 4, opOutputs: ops });
    const roots = [
      inputRoot({ tensors: inputs, seed, maxTokens: 4 }),
      ...ops.map(tensorRoot),
      outputRoot(outputs),
    ];
    expect(trace.slotRoots).to.deep.equal(roots);
    expect(trace.root).to.deep.equal(treeRoot(roots.map((root, i) => concatBytes(u32be(i), root))));
    expect(outputRootOf(model.program, ops.map(tensorRoot))).to.deep.equal(outputRoot(outputs));
  });

  it("proves each slot, and hands out the tensor behind each op's", async () => {
    const { ops = [] } = await createReferenceEngine(model).run({ inputs, keepOps: true });
    const trace = buildTrace({ program: model.program, inputs, seed, maxTokens: 0, opOutputs: ops });
    expect([traceSlots(model.program), traceHeight(model.program)]).to.deep.equal([4, 2]);
    for (const [index, item] of trace.items.entries()) {
      const path = treePath(trace.tree, index);
      expect(verifyPath({ root: trace.root, item, index, itemCount: 4, path })).to.equal(true);
    }
    expect([0, 1, 2, 3].map((slot) => slotTensor(trace, slot))).to.deep.equal([
      undefined,
      ops[0],
      ops[1],
      undefined,
    ]);
  });

  it("differs first at the slot of the op that lied, and from there on when the lie is computed onward", async () => {
    const honest = await createReferenceEngine(model).run({ inputs, keepOps: true });
    const lie = {
      afterOp: (op: number, output: (typeof inputs)[number]) =>
        op === 0 ? literal([3], [51, -25, 2]) : output,
    };
    const liar = await createReferenceEngine(model, lie).run({ inputs, keepOps: true });
    const [a, b] = [honest, liar].map(({ ops = [] }) =>
      buildTrace({ program: model.program, inputs, seed, maxTokens: 0, opOutputs: ops }),
    );
    const same = a?.slotRoots.map((root, slot) => String(root) === String(b?.slotRoots[slot]));
    expect(same).to.deep.equal([true, false, false, false]);
    expect(liar.ops?.[1]?.data).to.deep.equal(new Int8Array([26, -12, 1]));
  });
});
