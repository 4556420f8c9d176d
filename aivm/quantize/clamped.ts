/** How often a run's numbers meet the ends of what their type can hold: the sign of a calibration that was too narrow. */
import { opOf } from "../ops/registry.ts";
import type { OpDescriptor, Program } from "../program/program.ts";
import { DTYPE_RANGE, type TensorData } from "../tensor/tensor.ts";

/** Share of one tensor's elements at an end. */
export interface ClampedTensor {
  /** Input name, or op number and name. */
  readonly tensor: string;
  /** In [0, 1]. */
  readonly share: number;
}

/** Counts over any number of runs. */
export interface ClampCounter {
  /** Counts an input's values, real, as they were before quantisation. */
  addInput(index: number, values: ArrayLike<number | bigint>): void;
  /** Counts an op's output. */
  addOp(index: number, data: TensorData): void;
  /** Shares of the inputs' elements, of all counted ops' elements, and of each op's. */
  report(): { readonly inputs: number; readonly ops: number; readonly tensors: readonly ClampedTensor[] };
}

interface Count {
  clamped: number;
  elements: number;
}

/** The ends of an output that mean "clamped": undefined where a value there is as good as any other. */
interface Ends {
  readonly low: number | undefined;
  readonly high: number | undefined;
}

/**
 * A counter for a program. An input element counts when the real value lies beyond its range. An element of an op that
 * does arithmetic counts when it is an end of its 8 or 16 bits other than the zero point: a Relu's zeros do not count,
 * nor does any clamp inside the type's range. What a program can not tell counts as well: a Clip whose bound is the
 * end of an 8-bit range.
 */
export function createClampCounter(program: Program): ClampCounter {
  const inputs = program.inputs.map((): Count => ({ clamped: 0, elements: 0 }));
  const ops = program.ops.map((): Count => ({ clamped: 0, elements: 0 }));
  const ends = program.ops.map(endsOf);
  return {
    addInput: (index, values) => {
      const port = program.inputs[index];
      const count = inputs[index];
      if (port === undefined || count === undefined) return;
      count.elements += values.length;
      for (let i = 0; i < values.length; i++) {
        const steps = Number(values[i]) / port.scale + port.zero;
        if (steps < port.type.lo - 0.5 || steps > port.type.hi + 0.5) count.clamped++;
      }
    },
    addOp: (index, data) => {
      const count = ops[index];
      const end = ends[index];
      if (count === undefined || end === undefined) return;
      count.elements += data.length;
      const { low, high } = end;
      for (let i = 0; i < data.length; i++) if (data[i] === low || data[i] === high) count.clamped++;
    },
    report: () => ({
      inputs: shareOf(inputs),
      ops: shareOf(ops),
      tensors: [
        ...inputs.map((count, i) => ({ tensor: program.inputs[i]?.name ?? "", share: shareOf([count]) })),
        ...ops.flatMap((count, i) => {
          const { name } = opOf(program.ops[i]?.opcode ?? 0);
          return ends[i] === undefined ? [] : [{ tensor: `op ${i} ${name}`, share: shareOf([count]) }];
        }),
      ],
    }),
  };
}

function endsOf({ opcode, output, attrs }: OpDescriptor): Ends | undefined {
  const op = opOf(opcode);
  if (op.bound === undefined || output.dtype === "i32" || output.lo === output.hi) return undefined;
  const at = op.attributes.indexOf("zero");
  const zero = at < 0 ? 0 : (attrs[at] ?? 0);
  const range = DTYPE_RANGE[output.dtype];
  // 16 bits are symmetric: -32768 is not in use.
  const lowest = output.dtype === "i16" ? range.lo + 1 : range.lo;
  return {
    low: output.lo <= lowest && output.lo !== zero ? output.lo : undefined,
    high: output.hi >= range.hi && output.hi !== zero ? output.hi : undefined,
  };
}

function shareOf(counts: readonly Count[]): number {
  const clamped = counts.reduce((sum, count) => sum + count.clamped, 0);
  const elements = counts.reduce((sum, count) => sum + count.elements, 0);
  return elements === 0 ? 0 : clamped / elements;
}
