import { expect } from "chai";
import {
  DTYPE_RANGE,
  elementCount,
  elementFunction,
  OPS,
  type OpNode,
  opOf,
  type TensorType,
  tensorType,
} from "../../../aivm/index.ts";
import { randomNode } from "../support/nodes.ts";
import { createRandom, type Random, randomTensor } from "../support/random.ts";

const CASES = 20;

/** Calls `check` with nodes of every op. */
function forEveryOp(check: (node: OpNode, random: Random) => void): void {
  for (const { name, opcode } of OPS) {
    for (let seed = 1; seed <= CASES; seed++) {
      const random = createRandom(seed * 77 + opcode);
      check(randomNode(name, random).node, random);
    }
  }
}

/** The same type without its range: what operands can be when two liars agree on them. */
function unbounded(type: TensorType): TensorType {
  return tensorType(type.dtype, type.shape);
}

describe("every op", () => {
  it("has an opcode and a name of its own", () => {
    expect(new Set(OPS.map((op) => op.opcode)).size).to.equal(OPS.length);
    expect(new Set(OPS.map((op) => op.name)).size).to.equal(OPS.length);
  });

  it("gives an integer inside the output's range for any operand values, also out of theirs", () => {
    forEveryOp((node, random) => {
      const tensors = node.operands.map((type) => randomTensor(random, unbounded(type)));
      const { lo, hi, shape } = node.descriptor.output;
      const element = elementFunction(node);
      for (let i = 0; i < elementCount(shape); i++) {
        const value = element(i, (operand, index) => tensors[operand]?.data[index] ?? 0);
        expect(
          Number.isInteger(value) && value >= lo && value <= hi,
          `${opOf(node.descriptor.opcode).name}: ${value}`,
        ).to.equal(true);
        expect(Object.is(value, -0)).to.equal(false);
      }
    });
  });

  it("reads only elements that its operands have", () => {
    forEveryOp((node, random) => {
      const sizes = node.operands.map((type) => elementCount(type.shape));
      const element = elementFunction(node);
      const outside: number[] = [];
      for (let i = 0; i < elementCount(node.descriptor.output.shape); i++) {
        element(i, (operand, index) => {
          if (!Number.isInteger(index) || index < 0 || index >= (sizes[operand] ?? 0)) outside.push(index);
          const { lo, hi } = DTYPE_RANGE[node.operands[operand]?.dtype ?? "i8"];
          return random.int(lo, hi);
        });
      }
      expect(outside).to.deep.equal([]);
    });
  });

  it("reads no more elements of an operand than it announces", () => {
    forEveryOp((node, random) => {
      const op = opOf(node.descriptor.opcode);
      const bounds = op.reads(node);
      const element = elementFunction(node);
      for (let i = 0; i < elementCount(node.descriptor.output.shape); i++) {
        const seen = node.operands.map(() => new Set<number>());
        element(i, (operand, index) => {
          seen[operand]?.add(index);
          return random.int(-3, 3);
        });
        // concat reads one operand of several and announces only the largest.
        if (op.name === "concat") expect(seen.reduce((sum, set) => sum + set.size, 0)).to.equal(1);
        else {
          for (const [operand, set] of seen.entries()) {
            const bound = bounds[operand];
            expect(set.size, op.name).to.be.at.most((bound?.runs ?? 0) * (bound?.length ?? 0));
          }
        }
      }
    });
  });

  it("keeps its accumulator inside the bound that it announces", () => {
    let seen = 0;
    forEveryOp((node, random) => {
      const op = opOf(node.descriptor.opcode);
      const raw = withoutScaling(node, op.name);
      if (raw === undefined) return;
      const operands = node.operands.map((type) => randomTensor(random, type));
      const constants = operands.map((tensor, i) => (op.operands[i] === "x" ? undefined : tensor));
      const bound = op.bound?.(node, constants);
      const element = elementFunction(raw);
      const value = element(0, (operand, index) => {
        if (op.operands[operand] === "multiplier") return 1;
        return op.operands[operand] === "shift" ? 0 : (operands[operand]?.data[index] ?? 0);
      });
      // At the ends of i32 the output's clamp hides the accumulator: the bound must then be beyond them.
      expect(bound !== undefined && BigInt(Math.abs(value)) <= bound.accumulator, op.name).to.equal(true);
      seen++;
    });
    expect(seen).to.equal(8 * CASES);
  });
});

/** Position of multiplier, shift and zero among the attributes; of zero alone where the others are operands. */
const SCALING: Readonly<Record<string, { readonly from: number; readonly values: readonly number[] }>> = {
  conv2d: { from: 10, values: [0] },
  linear: { from: 0, values: [0] },
  matmul: { from: 2, values: [1, 0, 0] },
  avgPool2d: { from: 9, values: [1, 0, 0] },
  mul: { from: 2, values: [1, 0, 0] },
  rescale: { from: 1, values: [1, 0, 0] },
  sumReduce: { from: 2, values: [1, 0, 0] },
  isqrt: { from: 2, values: [1, 0, 0] },
};

/** The node with multiplier 1, shift 0, zero 0 and the whole of i32 as its output: it shows its accumulator. */
function withoutScaling(node: OpNode, name: string): OpNode | undefined {
  const scaling = SCALING[name];
  if (scaling === undefined) return undefined;
  const attrs = [...node.descriptor.attrs.slice(0, scaling.from), ...scaling.values];
  return {
    ...node,
    descriptor: { ...node.descriptor, attrs, output: tensorType("i32", node.descriptor.output.shape) },
  };
}
