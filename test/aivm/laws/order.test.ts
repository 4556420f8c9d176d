/** What must not depend on how a run is cut: elements in any order, samples in any batch, programs on any engine. */
import { expect } from "chai";
import { evaluateOp } from "../../../aivm/engine/reference/referenceEngine.ts";
import { createWasmEngine } from "../../../aivm/engine/wasm/wasmEngine.ts";
import {
  createReferenceEngine,
  elementFunction,
  type LoadedModel,
  OPS,
  type OpDescriptor,
  opNamed,
  opOf,
  type Program,
  programGas,
  type Ref,
  type Tensor,
  type TensorType,
  tensorOf,
  tensorType,
} from "../../../aivm/index.ts";
import { freshKernels } from "../../../scripts/buildWasm.ts";
import { full, loaded, programOf } from "../support/models.ts";
import { type NodeCase, randomNode } from "../support/nodes.ts";
import { createRandom, type Random, randomTensor } from "../support/random.ts";

describe("the elements of an op", () => {
  it("are the same in any order and any partition, each worked out by a judge of its own", () => {
    for (const { name, opcode } of OPS) {
      for (let seed = 1; seed <= 4; seed++) {
        const random = createRandom(seed * 19 + opcode);
        const { node, operands } = randomNode(name, random);
        const want = evaluateOp(node, operands).data;
        const order = shuffled(random, want.length);
        const read = (operand: number, index: number): number => operands[operand]?.data[index] ?? 0;
        for (let from = 0; from < order.length; ) {
          const part = elementFunction(node);
          const end = from + random.int(1, order.length);
          for (const element of order.slice(from, end)) {
            expect(part(element, read), `${name} ${element}`).to.equal(want[element]);
          }
          from = end;
        }
      }
    }
  });

  it("cost at least one gas for every read of an operand", () => {
    for (const { name, opcode } of OPS) {
      for (let seed = 1; seed <= 8; seed++) {
        const random = createRandom(seed * 23 + opcode);
        const { node, operands } = randomNode(name, random);
        const element = elementFunction(node);
        const gas = opOf(node.descriptor.opcode).elementGas(node);
        const reads = node.operands.map(() => 0);
        element(0, (operand, index) => {
          reads[operand] = (reads[operand] ?? 0) + 1;
          return operands[operand]?.data[index] ?? 0;
        });
        expect(Math.max(...reads), name).to.be.at.most(gas);
      }
    }
  });
});

function shuffled(random: Random, count: number): number[] {
  const order = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = random.int(0, i);
    [order[i], order[j]] = [order[j] ?? 0, order[i] ?? 0];
  }
  return order;
}

const ENGINES: Readonly<
  Record<string, (model: LoadedModel) => Promise<ReturnType<typeof createReferenceEngine>>>
> = {
  reference: async (model) => createReferenceEngine(model),
  wasm: async (model) => createWasmEngine({ model, wasm: await freshKernels() }),
};

describe("a batch", () => {
  it("of 1 to 64 samples gives each of them the bits that it has alone, on every engine", async () => {
    const random = createRandom(12);
    const constants = networkConstants(random);
    const one = loaded(network(1, constants), constants);
    const alone = await createWasmEngine({ model: one, wasm: await freshKernels() });
    for (const batch of [1, 2, 3, 7, 33, 64]) {
      const model = loaded(network(batch, constants), constants);
      const samples = Array.from({ length: batch }, () => randomTensor(random, full("i8", 1, 6, 6, 3)));
      const want: (readonly Tensor[])[] = [];
      for (const sample of samples) want.push((await alone.run({ inputs: [sample] })).outputs);
      for (const [name, create] of Object.entries(ENGINES)) {
        const { outputs } = await (await create(model)).run({ inputs: [stacked(samples)] });
        for (const [o, output] of outputs.entries()) {
          const size = output.data.length / batch;
          for (const [i, own] of want.entries()) {
            expect(
              output.data.slice(i * size, (i + 1) * size),
              `${name}, batch ${batch}, sample ${i}`,
            ).to.deep.equal(own[o]?.data);
          }
        }
      }
    }
  });
});

function stacked(samples: readonly Tensor[]): Tensor {
  const values = samples.flatMap((sample) => Array.from(sample.data));
  return tensorOf("i8", [samples.length, ...(samples[0]?.shape.slice(1) ?? [])], values);
}

/** Weights of the network below. */
function networkConstants(random: Random): Tensor[] {
  const layer = (weights: TensorType): Tensor[] => {
    const [channels = 1] = weights.shape;
    const vector = (dtype: "i32" | "i8", lo: number, hi: number): Tensor =>
      tensorOf(
        dtype,
        [channels],
        Array.from({ length: channels }, () => random.int(lo, hi)),
      );
    return [
      randomTensor(random, weights),
      vector("i32", -9999, 9999),
      vector("i32", 2 ** 19, 2 ** 20),
      vector("i8", 27, 30),
    ];
  };
  return [
    ...layer(full("i8", 8, 3, 3, 3)),
    ...layer(full("i8", 8, 3, 3, 1)),
    randomTensor(random, full("i8", 256)),
    ...layer(full("i8", 5, 8)),
  ];
}

/** Convolution, depthwise convolution, table, pool, dense layer and argmax over `batch` images of 6 x 6 x 3. */
function network(batch: number, constants: readonly Tensor[]): Program {
  const consts = (first: number, count: number): Ref[] =>
    Array.from({ length: count }, (_, i) => ({ kind: "const", index: first + i }));
  const ops: OpDescriptor[] = [];
  const put = (name: string, operands: readonly Ref[], output: TensorType, attrs: readonly number[]): Ref => {
    ops.push({ opcode: opNamed(name).opcode, operands, output, attrs });
    return { kind: "op", index: ops.length - 1 };
  };
  const x: Ref = { kind: "input", index: 0 };
  const c = put(
    "conv2d",
    [x, ...consts(0, 4)],
    full("i8", batch, 6, 6, 8),
    [1, 1, 1, 1, 1, 1, 1, 1, 1, 3, -2],
  );
  const d = put(
    "conv2d",
    [c, ...consts(4, 4)],
    full("i8", batch, 3, 3, 8),
    [2, 2, 1, 1, 1, 1, 1, 1, 8, 0, 1],
  );
  const t = put("table", [d, ...consts(8, 1)], full("i8", batch, 3, 3, 8), []);
  const p = put("avgPool2d", [t], full("i8", batch, 1, 1, 8), [3, 3, 1, 1, 0, 0, 0, 0, 0, 2 ** 18, 20, 0]);
  const r = put("reshape", [p], full("i8", batch, 8), []);
  const y = put("linear", [r, ...consts(9, 4)], full("i16", batch, 5), [0]);
  put("argmax", [y], tensorType("i32", [batch, 1], { lo: 0, hi: 4 }), [1]);
  const types = constants.map(({ dtype, shape }) => full(dtype, ...shape));
  return programOf({
    inputs: [full("i8", batch, 6, 6, 3)],
    constants: types,
    ops,
    outputs: [y.index, ops.length - 1],
  });
}

/** Several nodes in one program, each over inputs and constants of its own. */
function together(cases: readonly NodeCase[]): { readonly model: LoadedModel; readonly inputs: Tensor[] } {
  const inputs: Tensor[] = [];
  const inputTypes: TensorType[] = [];
  const constants: Tensor[] = [];
  const constantTypes: TensorType[] = [];
  const ops = cases.map(({ node, operands, constant }): OpDescriptor => {
    const refs = operands.map((tensor, i): Ref => {
      const isConstant = constant[i] === true;
      const [tensors, types] = isConstant ? [constants, constantTypes] : [inputs, inputTypes];
      tensors.push(tensor);
      types.push(node.operands[i] ?? full(tensor.dtype, ...tensor.shape));
      return { kind: isConstant ? "const" : "input", index: tensors.length - 1 };
    });
    return { ...node.descriptor, operands: refs };
  });
  const program = programOf({ inputs: inputTypes, constants: constantTypes, ops });
  return { model: loaded(program, constants), inputs };
}

describe("gas", () => {
  it("is what was predicted, and every bit is the same, in 1,000 random nodes and their programs on every engine", async () => {
    let nodes = 0;
    for (let round = 0; nodes < 1000; round++) {
      const cases = OPS.slice(0, 16).map((_, i) => {
        const op = OPS[(round * 16 + i) % OPS.length] ?? OPS[0];
        return randomNode(op?.name ?? "add", createRandom(round * 1009 + i));
      });
      const { model, inputs } = together(cases);
      const runs = await Promise.all(
        Object.values(ENGINES).map(async (create) => (await create(model)).run({ inputs, keepOps: true })),
      );
      for (const run of runs) {
        expect(run.gas).to.equal(programGas(model.program));
        expect(run.gas).to.equal(model.vmGas);
        expect(run.ops?.map((tensor) => tensor.data)).to.deep.equal(
          runs[0]?.ops?.map((tensor) => tensor.data),
        );
      }
      nodes += cases.length;
    }
  });
});
