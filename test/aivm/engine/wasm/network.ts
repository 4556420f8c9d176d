/** A small network with every kind of step that engines treat differently: shared among threads, fused, views, all dtypes. */

import type { RunnableModel } from "../../../../aivm/index.ts";
import {
  attrsOf,
  type OpDescriptor,
  opNamed,
  type Ref,
  type Tensor,
  type TensorType,
  tensorType,
} from "../../../../aivm/index.ts";
import { programOf } from "../../support/models.ts";
import { createRandom, type Random, randomTensor } from "../../support/random.ts";

/** A model and the inputs of a run. */
export interface Network {
  readonly model: RunnableModel;
  /** Inputs that differ from seed to seed. */
  readonly inputs: (seed: number) => readonly Tensor[];
}

const DENSE = { strideH: 1, strideW: 1, padTop: 1, padLeft: 1, padBottom: 1, padRight: 1 };
const CONV = { ...DENSE, dilationH: 1, dilationW: 1, groups: 1, padValue: 0, zero: 0 };

/** The network: convolutions of `channels` channels over `size` x `size` pixels, `blocks` residual blocks, a classifier. */
export function network(of: {
  readonly size: number;
  readonly channels: number;
  readonly blocks: number;
}): Network {
  const { size, channels, blocks } = of;
  const random = createRandom(7);
  const constants: Tensor[] = [];
  const types: TensorType[] = [];
  const ops: OpDescriptor[] = [];
  const constant = (type: TensorType): Ref => {
    types.push(type);
    return { kind: "const", index: constants.push(randomTensor(random, type)) - 1 };
  };
  const op = (
    name: string,
    operands: readonly Ref[],
    output: TensorType,
    attrs: Readonly<Record<string, number>> | readonly number[],
  ): Ref => {
    const found = opNamed(name);
    const values = Array.isArray(attrs)
      ? (attrs as number[])
      : attrsOf(found, attrs as Record<string, number>);
    return { kind: "op", index: ops.push({ opcode: found.opcode, operands, output, attrs: values }) - 1 };
  };
  const channel = (count: number): Ref[] => [
    constant(tensorType("i32", [count], { lo: -500, hi: 500 })),
    constant(tensorType("i32", [count], { lo: 0, hi: 4_095 })),
    constant(tensorType("i8", [count], { lo: 12, hi: 22 })),
  ];
  const image = (dtype: "i8" | "i16", count: number): TensorType => tensorType(dtype, [1, size, size, count]);
  const conv = (x: Ref, from: number, to: number, kernel: number, dtype: "i8" | "i16", groups = 1): Ref => {
    const pads = kernel === 1 ? { padTop: 0, padLeft: 0, padBottom: 0, padRight: 0 } : {};
    const weights = constant(tensorType("i8", [to, kernel, kernel, from / groups]));
    return op("conv2d", [x, weights, ...channel(to)], image(dtype, to), { ...CONV, ...pads, groups });
  };
  const input: Ref = { kind: "input", index: 0 };
  let x = conv(input, 3, channels, 3, "i8");
  for (let block = 0; block < blocks; block++) {
    const deep = conv(x, channels, channels, 3, "i8", block % 2 === 0 ? channels : 1);
    const wide = conv(deep, channels, channels, 1, "i16");
    const add = { multiplierA: 40, multiplierB: 3, offset: 8, shift: 7, zero: 1 };
    const sum = op("add", [x, wide], image("i8", channels), add);
    const entries = constant(tensorType("i8", [256]));
    x = op("table", [sum, entries], image("i8", channels), []);
  }
  const moved = op("transpose", [x], tensorType("i8", [1, channels, size, size]), [0, 3, 1, 2]);
  const flat = op("reshape", [moved], tensorType("i8", [1, channels, size * size]), []);
  const mean = { axis: 2, zeroX: 0, multiplier: 1_000, shift: 16, zero: 0 };
  const pooled = op("sumReduce", [flat], tensorType("i16", [1, channels]), mean);
  const w = constant(tensorType("i8", [10, channels]));
  const logits = op("linear", [pooled, w, ...channel(10)], tensorType("i32", [1, 10]), { zero: 0 });
  const biased = op("add", [logits, { kind: "input", index: 1 }], tensorType("i32", [1, 10]), {
    multiplierA: 1,
    multiplierB: 1,
    offset: 0,
    shift: 0,
    zero: 0,
  });
  const best = op("argmax", [biased], tensorType("i32", [1], { lo: 0, hi: 9 }), { axis: 1 });
  const inputTypes = [
    tensorType("i8", [1, size, size, 3]),
    tensorType("i32", [1, 10], { lo: -100, hi: 100 }),
  ];
  const program = programOf({
    inputs: inputTypes,
    constants: types,
    ops,
    outputs: [biased.index, best.index, flat.index],
  });
  return {
    model: { program, constants },
    inputs: (seed) => inputsOf(createRandom(seed), inputTypes),
  };
}

function inputsOf(random: Random, types: readonly TensorType[]): Tensor[] {
  return types.map((type) => randomTensor(random, type));
}
