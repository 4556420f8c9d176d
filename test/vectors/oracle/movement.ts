/** reshape, transpose, concat, slice, pad, expand, gather. */
import { clampTo, larger, smaller } from "./numbers.ts";
import { ANY, gives, takes } from "./rules.ts";
import { axisOf, broadcastAt, broadcastsTo, everywhere, indexAt, sizeOf, withSize } from "./shapes.ts";
import { at, attr, type Call, dataOf, type OracleOp, operand, rule } from "./types.ts";

const ONE = [1, 1, 0] as const;

/** What all ops of one operand here have in common. */
const MOVES = {
  gas: () => 1n,
  reads: () => [ONE],
  passes: (call: Call): readonly [bigint, bigint] => [operand(call, 0).lo, operand(call, 0).hi],
} as const;

function keepsDtype(call: Call): void {
  takes(call, 0, ANY);
  gives(call, [operand(call, 0).dtype]);
}

export const reshape: OracleOp = {
  ...MOVES,
  opcode: 10,
  operands: 1,
  attributes: 0,
  shape(call) {
    keepsDtype(call);
    rule(sizeOf(call.output.shape) === sizeOf(operand(call, 0).shape), "AIVM_SHAPE");
    return call.output.shape;
  },
  evaluate: (call) => [...dataOf(call, 0)],
};

export const transpose: OracleOp = {
  ...MOVES,
  opcode: 11,
  operands: 1,
  attributes: -1,
  shape(call) {
    keepsDtype(call);
    const { shape } = operand(call, 0);
    rule(call.attrs.length === shape.length, "AIVM_ATTRIBUTE");
    for (const axis of shape.keys()) rule(call.attrs.includes(BigInt(axis)), "AIVM_ATTRIBUTE");
    return call.attrs.map((axis) => at(shape, Number(axis)));
  },
  evaluate(call) {
    const { shape } = operand(call, 0);
    return everywhere(call.output.shape).map((coordinates) => {
      const source = new Array<number>(shape.length).fill(0);
      for (const [i, axis] of call.attrs.entries()) source[Number(axis)] = at(coordinates, i);
      return at(dataOf(call, 0), indexAt(shape, source));
    });
  },
};

export const concat: OracleOp = {
  opcode: 12,
  operands: 0,
  attributes: 1,
  shape(call) {
    const axis = axisOf(call, 0);
    const first = operand(call, 0);
    for (const [i, { shape }] of call.operands.entries()) {
      takes(call, i, [first.dtype]);
      rule(shape.length === first.shape.length, "AIVM_SHAPE");
      rule(
        shape.every((size, other) => other === axis || size === first.shape[other]),
        "AIVM_SHAPE",
      );
    }
    gives(call, [first.dtype]);
    return withSize(
      first.shape,
      axis,
      call.operands.reduce((sum, { shape }) => sum + at(shape, axis), 0),
    );
  },
  passes: (call) => [
    call.operands.map((type) => type.lo).reduce(smaller),
    call.operands.map((type) => type.hi).reduce(larger),
  ],
  gas: () => 1n,
  reads(call) {
    const sizes = call.operands.map(({ shape }) => sizeOf(shape));
    const largest = sizes.indexOf(Math.max(...sizes));
    return sizes.map((_, i) => (i === largest ? ONE : undefined));
  },
  evaluate(call) {
    const axis = attr(call, 0);
    const { shape } = call.output;
    const out = new Array<bigint>(sizeOf(shape)).fill(0n);
    let start = 0;
    for (const [i, source] of call.operands.entries()) {
      for (const coordinates of everywhere(source.shape)) {
        const moved = withSize(coordinates, axis, at(coordinates, axis) + start);
        out[indexAt(shape, moved)] = at(dataOf(call, i), indexAt(source.shape, coordinates));
      }
      start += at(source.shape, axis);
    }
    return out;
  },
};

export const slice: OracleOp = {
  ...MOVES,
  opcode: 13,
  operands: 1,
  attributes: -1,
  shape(call) {
    keepsDtype(call);
    const { shape } = operand(call, 0);
    rule(call.output.shape.length === shape.length, "AIVM_SHAPE");
    rule(call.attrs.length === 2 * shape.length, "AIVM_ATTRIBUTE");
    for (const [axis, size] of shape.entries()) {
      const [start, step] = [attr(call, axis), attr(call, shape.length + axis)];
      const last = start + (at(call.output.shape, axis) - 1) * step;
      rule(step !== 0 && [start, last].every((p) => p >= 0 && p < size), "AIVM_ATTRIBUTE");
    }
    return call.output.shape;
  },
  evaluate(call) {
    const { shape } = operand(call, 0);
    return everywhere(call.output.shape).map((coordinates) => {
      const source = coordinates.map((c, axis) => attr(call, axis) + c * attr(call, shape.length + axis));
      return at(dataOf(call, 0), indexAt(shape, source));
    });
  },
};

export const pad: OracleOp = {
  ...MOVES,
  opcode: 14,
  operands: 1,
  attributes: -1,
  shape(call) {
    keepsDtype(call);
    const { shape } = operand(call, 0);
    rule(call.output.shape.length === shape.length, "AIVM_SHAPE");
    rule(call.attrs.length === shape.length + 1, "AIVM_ATTRIBUTE");
    for (const [axis, size] of shape.entries()) {
      const before = attr(call, axis);
      rule(before >= 0 && before + size <= at(call.output.shape, axis), "AIVM_ATTRIBUTE");
    }
    return call.output.shape;
  },
  passes(call) {
    const { lo, hi } = operand(call, 0);
    const value = at(call.attrs, call.attrs.length - 1);
    return [smaller(lo, value), larger(hi, value)];
  },
  evaluate(call) {
    const { shape } = operand(call, 0);
    const out = new Array<bigint>(sizeOf(call.output.shape)).fill(at(call.attrs, shape.length));
    for (const [i, coordinates] of everywhere(shape).entries()) {
      const moved = coordinates.map((c, axis) => c + attr(call, axis));
      out[indexAt(call.output.shape, moved)] = at(dataOf(call, 0), i);
    }
    return out;
  },
};

export const expand: OracleOp = {
  ...MOVES,
  opcode: 15,
  operands: 1,
  attributes: 0,
  shape(call) {
    keepsDtype(call);
    rule(broadcastsTo(operand(call, 0).shape, call.output.shape), "AIVM_SHAPE");
    return call.output.shape;
  },
  evaluate: (call) =>
    everywhere(call.output.shape).map((coordinates) =>
      at(dataOf(call, 0), broadcastAt(operand(call, 0).shape, coordinates)),
    ),
};

export const gather: OracleOp = {
  ...MOVES,
  opcode: 16,
  operands: 2,
  attributes: 1,
  shape(call) {
    keepsDtype(call);
    takes(call, 1, ANY);
    const axis = axisOf(call, 0);
    const { shape } = operand(call, 0);
    return [...shape.slice(0, axis), ...operand(call, 1).shape, ...shape.slice(axis + 1)];
  },
  reads: () => [ONE, ONE],
  evaluate(call) {
    const axis = attr(call, 0);
    const [x, indices] = [operand(call, 0).shape, operand(call, 1).shape];
    return everywhere(call.output.shape).map((coordinates) => {
      const which = indexAt(indices, coordinates.slice(axis, axis + indices.length));
      const i = clampTo(at(dataOf(call, 1), which), 0n, BigInt(at(x, axis) - 1));
      const source = [...coordinates.slice(0, axis), Number(i), ...coordinates.slice(axis + indices.length)];
      return at(dataOf(call, 0), indexAt(x, source));
    });
  },
};
