import { expect } from "chai";
import type { NativeBinding } from "../../../../aivm/engine/native/binding.ts";
import { createNativeEngine } from "../../../../aivm/engine/native/nativeEngine.ts";
import { loaded, programOf } from "../../support/models.ts";
import { nodeOfVector, type OpFile, type OpVector, tensorOfVector } from "../../support/vectorBatches.ts";
import { readVectors, vectorPaths } from "../../support/vectors.ts";
import { bindingOrSkip } from "./support.ts";

/** The model of a vector's op, with its constants as constants or as inputs too. */
function modelOf(opcode: number, vector: OpVector): Parameters<typeof createNativeEngine>[0]["model"] {
  const { descriptor, operands } = nodeOfVector(opcode, vector);
  const isConstant = vector.operands.map(({ constant }) => constant === true);
  const refs = operands.map((_, i) => ({
    kind: isConstant[i] ? ("const" as const) : ("input" as const),
    index: isConstant.slice(0, i).filter((constant) => constant === isConstant[i]).length,
  }));
  const program = programOf({
    inputs: operands.filter((_, i) => !isConstant[i]),
    constants: operands.filter((_, i) => isConstant[i]),
    ops: [{ ...descriptor, operands: refs }],
  });
  return loaded(program, vector.operands.filter((_, i) => isConstant[i]).map(tensorOfVector));
}

describe("the native engine on the specification's vectors, at every level", () => {
  let binding: NativeBinding;
  before(async function () {
    binding = await bindingOrSkip(this);
  });

  for (const path of vectorPaths().filter((name) => name.startsWith("ops/"))) {
    it(path, async () => {
      const file = readVectors<OpFile>(path);
      for (const vector of file.vectors.filter(({ error }) => error === undefined)) {
        const model = modelOf(file.opcode, vector);
        const inputs = vector.operands.filter(({ constant }) => constant !== true).map(tensorOfVector);
        for (const level of binding.levels()) {
          const engine = await createNativeEngine({ model, binding, level });
          const { outputs } = await engine.run({ inputs });
          expect(outputs, `${vector.name}, ${level}`).to.deep.equal([tensorOfVector(vector.output)]);
          await engine.close();
        }
      }
    });
  }
});
