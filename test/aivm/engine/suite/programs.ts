/** Random programs of many ops: chains and graphs, with residual adds, branches that join, and patterns of real models. */
import {
  elementCount,
  opOf,
  type Program,
  type RunnableModel,
  type Tensor,
  tensorType,
} from "../../../../aivm/index.ts";
import { createRandom, type Random, randomTensor } from "../../support/random.ts";
import { programBuilder, type Value } from "./builder.ts";
import {
  attentionStep,
  convStep,
  linearStep,
  matmulDivStep,
  matmulStep,
  wideLinearStep,
} from "./denseSteps.ts";
import { ALL, type Draft, pickValue, SMALL } from "./draft.ts";
import { OTHER_STEPS, type Step } from "./otherSteps.ts";
import type { SuiteCase } from "./suite.ts";

/** Elements of the largest tensor that a program goes on with: the reference engine is slow. */
const LARGEST = 6_000;

const DENSE_STEPS: readonly Step[] = [
  convStep,
  convStep,
  convStep,
  linearStep,
  matmulStep,
  matmulDivStep,
  attentionStep,
  wideLinearStep,
];

/** Which programs. */
export interface ProgramSpec {
  readonly seed: number;
  readonly programs: number;
  /** Inputs for each. */
  readonly inputs: number;
}

/** Cases of kind "models": random programs, each with several inputs of extreme values. */
export function* programCases({ seed, programs, inputs }: ProgramSpec): Generator<SuiteCase> {
  for (let number = 0; number < programs; number++) {
    const random = createRandom(seed * 1_000_003 + number);
    const model = randomProgram(random);
    yield {
      name: `random program ${number} of seed ${seed} (${model.program.ops.length} ops)`,
      kind: "models",
      count: inputs,
      model,
      inputs: Array.from({ length: inputs }, () => inputsOf(random, model.program)),
    };
  }
}

/** Input tensors of extreme values. */
export function inputsOf(random: Random, program: Program): Tensor[] {
  return program.inputs.map(({ type }) => randomTensor(random, type));
}

/** Names of the ops that programs use. */
export function opsOf(programs: Iterable<Program>): Set<string> {
  const names = new Set<string>();
  for (const { ops } of programs) for (const { opcode } of ops) names.add(opOf(opcode).name);
  return names;
}

/** A valid program of up to about 60 ops. */
export function randomProgram(random: Random): RunnableModel {
  const draft: Draft = { random, builder: programBuilder(), values: [] };
  const { builder, values } = draft;
  values.push(builder.input(tensorType(random.pick(ALL), random.pick([image(random), rows(random)]))));
  if (random.int(0, 1) === 0) values.push(builder.input(tensorType(random.pick(SMALL), rows(random))));
  const length = random.int(2, random.pick([6, 15, 30]));
  for (let tries = 0; tries < 40 && builder.size < length; tries++) {
    const step = random.pick(random.int(0, 2) === 0 ? DENSE_STEPS : OTHER_STEPS);
    const before = [...values];
    const found = builder.attempt(() => step(draft, pickValue(draft)));
    if (found === undefined) values.splice(0, values.length, ...before);
    else if (elementCount(found.type.shape) <= LARGEST) values.push(found);
  }
  return builder.finish(outputsOf(draft));
}

/** The last value and up to three others; an identity when no step has succeeded. */
function outputsOf({ random, builder, values }: Draft): Value[] {
  const made = values.filter(({ ref }) => ref.kind === "op");
  const last = made.at(-1);
  if (last === undefined) {
    const [x] = values;
    if (x === undefined) throw new RangeError("a program without inputs");
    return [
      builder.op({ name: "reshape", operands: [x], attrs: [], dtype: x.type.dtype, shape: x.type.shape }),
    ];
  }
  const others = made.slice(0, -1).filter(() => random.int(0, 3) === 0);
  return [...new Set([last, ...others.slice(0, 3)])];
}

function image(random: Random): number[] {
  return [
    random.pick([1, 1, 2]),
    random.int(3, 9),
    random.int(3, 9),
    random.int(1, random.pick([4, 16, 70])),
  ];
}

function rows(random: Random): number[] {
  return random.pick([
    [random.int(1, 9), random.int(1, 70)],
    [random.int(1, 3), random.int(1, 9), random.int(1, 33)],
    [1, random.int(100, 1500)],
  ]);
}
