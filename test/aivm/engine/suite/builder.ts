/** Programs that grow op by op: shapes and ranges follow from the ops' own rules. */
import {
  DTYPE_RANGE,
  type DType,
  type OpDescriptor,
  type OpNode,
  opNamed,
  opOf,
  type Ref,
  type RunnableModel,
  type Tensor,
  type TensorType,
  tensorType,
  validateArtifact,
} from "../../../../aivm/index.ts";
import { AivmError, isAivmError } from "../../../../common/errors.ts";
import { programOf } from "../../support/models.ts";

/** A tensor of the program. */
export interface Value {
  readonly ref: Ref;
  readonly type: TensorType;
  /** The values of a constant. */
  readonly tensor?: Tensor;
}

/** An op to add. The shape is inferred unless given, the range is the op's own or the dtype's unless given. */
export interface NewOp {
  readonly name: string;
  readonly operands: readonly Value[];
  readonly attrs: readonly number[];
  readonly dtype: DType;
  readonly range?: { readonly lo: number; readonly hi: number };
  readonly shape?: readonly number[];
}

/** A program under construction. */
export interface ProgramBuilder {
  input(type: TensorType): Value;
  constant(tensor: Tensor, type?: TensorType): Value;
  /** @throws what the op's rules do; nothing has been added then. */
  op(given: NewOp): Value;
  /** Largest |accumulator| of an op as it would be added. */
  accumulator(given: NewOp): bigint;
  /** Runs `work`; when it throws an error of ours, undoes what it added and returns undefined. */
  attempt<T>(work: () => T): T | undefined;
  /** Ops so far. */
  readonly size: number;
  /** The model. @throws what `validateArtifact` does. */
  finish(outputs: readonly Value[]): RunnableModel;
}

/** An empty program. */
export function programBuilder(): ProgramBuilder {
  const inputs: TensorType[] = [];
  const constants: { readonly tensor: Tensor; readonly type: TensorType }[] = [];
  const ops: OpDescriptor[] = [];
  const lists = [inputs, constants, ops];
  return {
    input(type) {
      inputs.push(type);
      return { ref: { kind: "input", index: inputs.length - 1 }, type };
    },
    constant(tensor, type = tensorType(tensor.dtype, tensor.shape)) {
      constants.push({ tensor, type });
      return { ref: { kind: "const", index: constants.length - 1 }, type, tensor };
    },
    op(given) {
      const node = nodeOf(given);
      assertBound(node, given.operands);
      const { descriptor } = node;
      ops.push(descriptor);
      return { ref: { kind: "op", index: ops.length - 1 }, type: descriptor.output };
    },
    accumulator(given) {
      const node = nodeOf(given);
      const values = given.operands.map((value) => value.tensor);
      return opOf(node.descriptor.opcode).bound?.(node, values).accumulator ?? 0n;
    },
    attempt(work) {
      const lengths = lists.map((list) => list.length);
      try {
        return work();
      } catch (error) {
        if (!isAivmError(error)) throw error;
        for (const [i, list] of lists.entries()) list.length = lengths[i] ?? 0;
        return undefined;
      }
    },
    get size() {
      return ops.length;
    },
    finish(outputs) {
      const types = constants.map(({ type }) => type);
      const program = programOf({ inputs, constants: types, ops, outputs: outputs.map((v) => v.ref.index) });
      const tensors = constants.map(({ tensor }) => tensor);
      validateArtifact(program, tensors);
      return { program, constants: tensors };
    },
  };
}

function assertBound(node: OpNode, operands: readonly Value[]): void {
  const values = operands.map((value) => value.tensor);
  const bound = opOf(node.descriptor.opcode).bound?.(node, values);
  if (bound === undefined || (bound.accumulator < 2n ** 42n && bound.product <= 2n ** 53n)) return;
  const facts = {
    what: "accumulator",
    want: "a proven bound",
    got: `${bound.accumulator}, ${bound.product}`,
  };
  throw new AivmError("AIVM_BOUND", { ...facts, remedy: "draw other attributes" });
}

function nodeOf({ name, operands, attrs, dtype, range, shape }: NewOp): OpNode {
  const op = opNamed(name);
  const refs = operands.map((value) => value.ref);
  const types = operands.map((value) => value.type);
  const node = (type: TensorType): OpNode => ({
    descriptor: { opcode: op.opcode, operands: refs, output: type, attrs },
    operands: types,
  });
  const draft = node(tensorType(dtype, shape ?? []));
  const inferred = op.infer(draft);
  const whole = DTYPE_RANGE[dtype];
  const passed = op.passedRange?.(draft) ?? range ?? whole;
  const bounded = { lo: Math.max(passed.lo, whole.lo), hi: Math.min(passed.hi, whole.hi) };
  return node(tensorType(dtype, inferred, bounded));
}
