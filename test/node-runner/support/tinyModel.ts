/** A small real model: two linear layers with 300 hidden elements (two chunks), i16 logits. */
import {
  createTensor,
  encodeArtifact,
  type LoadedModel,
  loadArtifact,
  opNamed,
  type Program,
  type Ref,
  type Tensor,
  tensorOf,
  tensorType,
} from "../../../aivm/index.ts";

const INPUTS = 16;
const HIDDEN = 300;
const OUTPUTS = 4;

/** Small, well spread integers from a seed: enough for weights. */
function numbers(seed: number, count: number, limit: number): number[] {
  let state = seed | 1;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return ((state >>> 16) % (2 * limit + 1)) - limit;
  });
}

function layer(seed: number, width: number, length: number, multiplier: number, shift: number): Tensor[] {
  return [
    tensorOf("i8", [width, length], numbers(seed, width * length, 100)),
    tensorOf("i32", [width], numbers(seed + 1, width, 500)),
    tensorOf("i32", [width], new Array(width).fill(multiplier)),
    tensorOf("i8", [width], new Array(width).fill(shift)),
  ];
}

const constRef = (index: number): Ref => ({ kind: "const", index });

/** The artifact's bytes; another `seed` is another model. */
export function tinyArtifact(seed = 1): Uint8Array {
  const constants = [...layer(seed, HIDDEN, INPUTS, 1000, 17), ...layer(seed + 7, OUTPUTS, HIDDEN, 1000, 14)];
  const { opcode } = opNamed("linear");
  const hidden = tensorType("i8", [1, HIDDEN]);
  const logits = tensorType("i16", [1, OUTPUTS]);
  const program: Program = {
    specVersion: 1,
    name: "tiny",
    inputs: [{ name: "x", type: tensorType("i8", [1, INPUTS]), scale: 0.1, zero: 0, ingest: "tensor" }],
    constants: constants.map((tensor) => tensorType(tensor.dtype, tensor.shape)),
    ops: [
      {
        opcode,
        operands: [{ kind: "input", index: 0 }, ...[0, 1, 2, 3].map(constRef)],
        output: hidden,
        attrs: [0],
      },
      {
        opcode,
        operands: [{ kind: "op", index: 0 }, ...[4, 5, 6, 7].map(constRef)],
        output: logits,
        attrs: [0],
      },
    ],
    outputs: [{ name: "logits", source: { kind: "op", index: 1 }, scale: 0.5, zero: 0 }],
    precision: "a8",
    card: "",
  };
  return encodeArtifact(program, constants);
}

/** The model, loaded. */
export function tinyModel(seed = 1): LoadedModel {
  return loadArtifact(tinyArtifact(seed));
}

/** An input of the model. */
export function tinyInput(seed = 1): Tensor {
  const tensor = createTensor("i8", [1, INPUTS]);
  for (const [index, value] of numbers(seed, INPUTS, 120).entries()) tensor.data[index] = value;
  return tensor;
}
