/** maxPool2d, avgPool2d, argmax, maxReduce, sumReduce. */
import { larger, maxAbsFrom, requantise } from "./numbers.ts";
import { ANY, gives, NARROW, requantAttrs, requantOf, takes, within, zeros } from "./rules.ts";
import { axisOf, everywhere, indexAt, sizeOf, withSize } from "./shapes.ts";
import { at, attr, type Call, dataOf, type OracleOp, operand, type Reads } from "./types.ts";
import { pixelAt, type Window, windowAt, windowReads } from "./windows.ts";

function poolWindow(call: Call, dilation: number): Window {
  within(call, 0, [1n, 16384n]);
  within(call, 1, [1n, 16384n]);
  return windowAt(call, { kernel: [attr(call, 0), attr(call, 1)], stride: 2, dilation });
}

/** The inside elements of each output element's window. */
function windowValues(call: Call, window: Window): bigint[][] {
  const x = dataOf(call, 0);
  return everywhere([window.n, window.oh, window.ow, window.c]).map(([n = 0, oy = 0, ox = 0, c = 0]) =>
    everywhere([window.kh, window.kw]).flatMap(([i = 0, j = 0]) => {
      const pixel = pixelAt(window, [n, oy, ox], [i, j]);
      return pixel === undefined ? [] : [at(x, pixel + c)];
    }),
  );
}

/** The elements along the axis of each output element. */
function axisValues(call: Call, axis: number): bigint[][] {
  const { shape } = operand(call, 0);
  return everywhere(withSize(shape, axis, 1)).map((coordinates) =>
    Array.from({ length: at(shape, axis) }, (_, i) =>
      at(dataOf(call, 0), indexAt(shape, withSize(coordinates, axis, i))),
    ),
  );
}

function axisReads(call: Call): Reads {
  const { shape } = operand(call, 0);
  const axis = attr(call, 0);
  const inner = sizeOf(shape.slice(axis + 1));
  return inner === 1 ? [1, at(shape, axis), 0] : [at(shape, axis), 1, inner];
}

function axisGas(call: Call): bigint {
  return BigInt(at(operand(call, 0).shape, attr(call, 0)) + 1);
}

export const maxPool2d: OracleOp = {
  opcode: 4,
  operands: 1,
  attributes: 10,
  shape(call) {
    takes(call, 0, ANY);
    gives(call, [operand(call, 0).dtype]);
    const { n, oh, ow, c } = poolWindow(call, 8);
    return [n, oh, ow, c];
  },
  passes: (call) => [operand(call, 0).lo, operand(call, 0).hi],
  gas: (call) => at(call.attrs, 0) * at(call.attrs, 1) + 1n,
  reads: (call) => [windowReads(poolWindow(call, 8), 1)],
  evaluate: (call) =>
    windowValues(call, poolWindow(call, 8)).map((values) => values.reduce(larger, call.output.lo)),
};

export const avgPool2d: OracleOp = {
  opcode: 5,
  operands: 1,
  attributes: 12,
  shape(call) {
    takes(call, 0, NARROW);
    gives(call, ANY);
    const { n, oh, ow, c } = poolWindow(call, -1);
    zeros(call, 8);
    requantAttrs(call, 9);
    return [n, oh, ow, c];
  },
  bound(call) {
    const a = at(call.attrs, 0) * at(call.attrs, 1) * maxAbsFrom(operand(call, 0), at(call.attrs, 8));
    return { a, p: a * at(call.attrs, 9) };
  },
  gas: (call) => at(call.attrs, 0) * at(call.attrs, 1) + 1n,
  reads: (call) => [windowReads(poolWindow(call, -1), 1)],
  evaluate: (call) =>
    windowValues(call, poolWindow(call, -1)).map((values) => {
      const acc = values.reduce((sum, v) => sum + v - at(call.attrs, 8), 0n);
      return requantise(acc, requantOf(call, 9), call.output);
    }),
};

export const argmax: OracleOp = {
  opcode: 17,
  operands: 1,
  attributes: 1,
  shape(call) {
    takes(call, 0, ANY);
    gives(call, ["i32"]);
    return withSize(operand(call, 0).shape, axisOf(call, 0), 1);
  },
  passes: (call) => [0n, BigInt(at(operand(call, 0).shape, attr(call, 0)) - 1)],
  gas: axisGas,
  reads: (call) => [axisReads(call)],
  evaluate: (call) =>
    axisValues(call, attr(call, 0)).map((values) =>
      BigInt(values.findIndex((v) => values.every((other) => other <= v))),
    ),
};

export const maxReduce: OracleOp = {
  opcode: 18,
  operands: 1,
  attributes: 1,
  shape(call) {
    takes(call, 0, ANY);
    gives(call, [operand(call, 0).dtype]);
    return withSize(operand(call, 0).shape, axisOf(call, 0), 1);
  },
  passes: (call) => [operand(call, 0).lo, operand(call, 0).hi],
  gas: axisGas,
  reads: (call) => [axisReads(call)],
  evaluate: (call) => axisValues(call, attr(call, 0)).map((values) => values.reduce(larger)),
};

export const sumReduce: OracleOp = {
  opcode: 19,
  operands: 1,
  attributes: 5,
  shape(call) {
    takes(call, 0, ANY);
    gives(call, ANY);
    const axis = axisOf(call, 0);
    zeros(call, 1);
    requantAttrs(call, 2);
    return withSize(operand(call, 0).shape, axis, 1);
  },
  bound(call) {
    const size = BigInt(at(operand(call, 0).shape, attr(call, 0)));
    const a = size * maxAbsFrom(operand(call, 0), at(call.attrs, 1));
    return { a, p: a * at(call.attrs, 2) };
  },
  gas: axisGas,
  reads: (call) => [axisReads(call)],
  evaluate: (call) =>
    axisValues(call, attr(call, 0)).map((values) => {
      const acc = values.reduce((sum, v) => sum + v - at(call.attrs, 1), 0n);
      return requantise(acc, requantOf(call, 2), call.output);
    }),
};
