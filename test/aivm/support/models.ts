/** Small models made by hand or from a random node, through the artifact like any other. */
import {
  encodeArtifact,
  type LoadedModel,
  loadArtifact,
  type OpDescriptor,
  type Program,
  type Ref,
  SPEC_VERSION,
  type Tensor,
  type TensorType,
  tensorType,
} from "../../../aivm/index.ts";
import type { NodeCase } from "./nodes.ts";

/** A program with sensible metadata around its ops; the last op is the output unless said otherwise. */
export function programOf(parts: {
  readonly inputs: readonly TensorType[];
  readonly constants?: readonly TensorType[];
  readonly ops: readonly OpDescriptor[];
  readonly outputs?: readonly number[];
}): Program {
  const outputs = parts.outputs ?? [parts.ops.length - 1];
  return {
    specVersion: SPEC_VERSION,
    name: "test",
    inputs: parts.inputs.map((type, i) => ({ name: `x${i}`, type, scale: 0.5, zero: 0, ingest: "tensor" })),
    constants: parts.constants ?? [],
    ops: parts.ops,
    outputs: outputs.map((index, i) => ({
      name: `y${i}`,
      source: { kind: "op", index },
      scale: 0.25,
      zero: 0,
    })),
    precision: "a8",
    card: "",
  };
}

/** Program and constants as a loaded model. */
export function loaded(program: Program, constants: readonly Tensor[] = []): LoadedModel {
  return loadArtifact(encodeArtifact(program, constants));
}

/**
 * Model around one node: constants stay constants, operand 0 comes from an op (an identity), the others from inputs
 * and ops in turn. The node under test is the last op.
 */
export function modelAround(given: NodeCase): {
  readonly model: LoadedModel;
  readonly inputs: readonly Tensor[];
} {
  const { node, operands, constant } = given;
  const constants = operands.filter((_, i) => constant[i] === true);
  const inputs = operands.filter((_, i) => constant[i] !== true);
  const types = node.operands.filter((_, i) => constant[i] !== true);
  const identities = types.map((type, index): OpDescriptor => {
    return { opcode: 8, operands: [{ kind: "input", index }], output: type, attrs: [0, 1, 0, 0] };
  });
  let inputCount = 0;
  let constantCount = 0;
  const refs = operands.map((_, i): Ref => {
    if (constant[i] === true) return { kind: "const", index: constantCount++ };
    return { kind: inputCount % 2 === 0 ? "op" : "input", index: inputCount++ };
  });
  const program = programOf({
    inputs: types,
    constants: node.operands.filter((_, i) => constant[i] === true),
    ops: [...identities, { ...node.descriptor, operands: refs }],
  });
  return { model: loaded(program, constants), inputs };
}

/** Full-range type. */
export function full(dtype: TensorType["dtype"], ...shape: number[]): TensorType {
  return tensorType(dtype, shape);
}
