import { expect } from "chai";
import { planProgram } from "../../../../aivm/engine/plan/plan.ts";
import {
  elementCount,
  type LoadedModel,
  type OpDescriptor,
  opNamed,
  type Ref,
  type TensorType,
  tensorType,
} from "../../../../aivm/index.ts";
import { loaded, programOf } from "../../support/models.ts";
import { createRandom, type Random, randomTensor } from "../../support/random.ts";
import { expectPlansAgree } from "./agree.ts";

interface Growing {
  readonly random: Random;
  readonly input: TensorType;
  readonly ops: OpDescriptor[];
}

function lastOf({ ops, input }: Growing): { readonly ref: Ref; readonly type: TensorType } {
  const index = ops.length - 1;
  const op = ops[index];
  return op === undefined
    ? { ref: { kind: "input", index: 0 }, type: input }
    : { ref: { kind: "op", index }, type: op.output };
}

function push(
  to: Growing,
  name: string,
  of: {
    readonly shape: readonly number[];
    readonly attrs: readonly number[];
    readonly operands?: readonly Ref[];
  },
): void {
  const { ref, type } = lastOf(to);
  const output = tensorType(type.dtype, of.shape);
  to.ops.push({ opcode: opNamed(name).opcode, operands: of.operands ?? [ref], output, attrs: of.attrs });
}

function permutation(random: Random, rank: number): number[] {
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  for (let i = rank - 1; i > 0; i--) {
    const j = random.int(0, i);
    [axes[i], axes[j]] = [axes[j] ?? 0, axes[i] ?? 0];
  }
  return axes;
}

/** Factors of a count as a shape of at most five axes. */
function factored(random: Random, count: number): number[] {
  const shape: number[] = [];
  let rest = count;
  for (let divisor = 2; rest > 1; ) {
    if (rest % divisor === 0) {
      if (shape.length > 0 && (shape.length >= 4 || random.int(0, 1) === 0)) {
        shape[shape.length - 1] = (shape.at(-1) ?? 1) * divisor;
      } else shape.push(divisor);
      rest /= divisor;
    } else divisor++;
  }
  if (random.int(0, 2) === 0) shape.splice(random.int(0, shape.length), 0, 1);
  return shape;
}

const MOVES: readonly ((to: Growing) => void)[] = [
  (to) => {
    const { shape } = lastOf(to).type;
    const attrs = permutation(to.random, shape.length);
    push(to, "transpose", { shape: attrs.map((axis) => shape[axis] ?? 1), attrs });
  },
  (to) => push(to, "reshape", { shape: factored(to.random, elementCount(lastOf(to).type.shape)), attrs: [] }),
  (to) => {
    const { shape } = lastOf(to).type;
    const steps = shape.map((size) => (size > 3 ? to.random.pick([1, 2, -1, -2]) : to.random.pick([1, -1])));
    const sizes = shape.map((size, axis) => to.random.int(1, Math.ceil(size / Math.abs(steps[axis] ?? 1))));
    const starts = shape.map((size, axis) => {
      const span = ((sizes[axis] ?? 1) - 1) * Math.abs(steps[axis] ?? 1);
      const start = to.random.int(0, size - 1 - span);
      return (steps[axis] ?? 1) > 0 ? start : start + span;
    });
    push(to, "slice", { shape: sizes, attrs: [...starts, ...steps] });
  },
  (to) => {
    const { shape } = lastOf(to).type;
    push(to, "expand", { shape: shape.map((size) => (size === 1 ? to.random.int(1, 3) : size)), attrs: [] });
  },
  (to) => {
    const { ref, type } = lastOf(to);
    if (type.shape.length === 0) return;
    const axis = to.random.int(0, type.shape.length - 1);
    const shape = type.shape.map((size, i) => (i === axis ? 2 * size : size));
    push(to, "concat", { shape, attrs: [axis], operands: [ref, ref] });
  },
  (to) => {
    const { shape } = lastOf(to).type;
    const [before, after] = [shape.map(() => to.random.int(0, 2)), shape.map(() => to.random.int(0, 1))];
    const padded = shape.map((size, axis) => size + (before[axis] ?? 0) + (after[axis] ?? 0));
    push(to, "pad", { shape: padded, attrs: [...before, -7] });
  },
  (to) => push(to, "rescale", { shape: lastOf(to).type.shape, attrs: [1, 3, 1, 0] }),
];

function randomMoves(random: Random): LoadedModel {
  const shape = Array.from({ length: random.int(1, 4) }, () => random.int(1, 5));
  const to: Growing = { random, input: tensorType(random.pick(["i8", "i16", "i32"]), shape), ops: [] };
  for (let step = random.int(2, 9); step > 0; step--) {
    if (elementCount(lastOf(to).type.shape) < 4_000) random.pick(MOVES)(to);
  }
  if (to.ops.length === 0) push(to, "reshape", { shape: [elementCount(shape)], attrs: [] });
  const outputs = [to.ops.length - 1, random.int(0, to.ops.length - 1)];
  return loaded(programOf({ inputs: [to.input], ops: to.ops, outputs }));
}

describe("views in place of copies", () => {
  it("keep the meaning of any chain of moves", async () => {
    for (let seed = 1; seed <= 400; seed++) {
      const random = createRandom(seed);
      const model = randomMoves(random);
      const inputs = model.program.inputs.map(({ type }) => randomTensor(random, type));
      await expectPlansAgree(model, inputs, `seed ${seed}`);
    }
  });

  it("cost no step where an op between two opposite transposes works element by element", () => {
    const to: Growing = { random: createRandom(1), input: tensorType("i8", [2, 3, 4, 5]), ops: [] };
    push(to, "transpose", { shape: [2, 4, 5, 3], attrs: [0, 2, 3, 1] });
    push(to, "rescale", { shape: [2, 4, 5, 3], attrs: [1, 3, 1, 0] });
    push(to, "transpose", { shape: [2, 3, 4, 5], attrs: [0, 3, 1, 2] });
    const { words } = planProgram(loaded(programOf({ inputs: [to.input], ops: to.ops })));
    expect(words[1]).to.equal(words.length);
  });
});
