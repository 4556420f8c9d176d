/** conv2d, linear, matmul. */
import { abs, clampTo, divide, larger, MOST_MULTIPLIER, maxAbsFrom, requantise } from "./numbers.ts";
import {
  ANY,
  divisionAttrs,
  divisionBound,
  gives,
  NARROW,
  requantAttrs,
  requantOf,
  takes,
  within,
  zeros,
} from "./rules.ts";
import { broadcastAt, broadcastsTo, everywhere, same, sizeOf, together } from "./shapes.ts";
import { at, attr, type Bound, type Call, dataOf, type OracleOp, operand, rule } from "./types.ts";
import { pixelAt, type Window, windowAt, windowReads } from "./windows.ts";

const ONE = [1, 1, 0] as const;

function convWindow(call: Call): Window {
  const { shape } = operand(call, 1);
  return windowAt(call, { kernel: [at(shape, 1), at(shape, 2)], stride: 0, dilation: 6 });
}

function channelDtypes(call: Call): void {
  takes(call, 0, NARROW);
  takes(call, 1, NARROW);
  takes(call, 2, ["i32"]);
  takes(call, 3, ["i32"]);
  takes(call, 4, ["i8"]);
  gives(call, ANY);
}

function channelShapes(call: Call, channels: number): void {
  for (const index of [2, 3, 4]) rule(same(operand(call, index).shape, [channels]), "AIVM_SHAPE");
}

/** A and P over the output channels; `x` is the largest magnitude of what meets a weight. */
function channelBound(call: Call, x: bigint): Bound {
  const w = operand(call, 1);
  const channels = at(w.shape, 0);
  const length = sizeOf(w.shape) / channels;
  const known = [0, 1, 2, 3].map((i) => (operand(call, i).constant ? operand(call, i).data : undefined));
  let [a, p] = [0n, 0n];
  for (let o = 0; o < channels; o++) {
    const row = known[1]?.slice(o * length, (o + 1) * length);
    const weights = row?.reduce((sum, v) => sum + abs(v), 0n) ?? BigInt(length) * maxAbsFrom(w, 0n);
    const bias = known[2] === undefined ? maxAbsFrom(operand(call, 2), 0n) : abs(at(known[2], o));
    const factor = known[3] === undefined ? operand(call, 3).hi : at(known[3], o);
    const sum = x * weights + bias;
    a = larger(a, sum);
    p = larger(p, sum * clampTo(factor, 0n, MOST_MULTIPLIER));
  }
  return { a, p };
}

export const conv2d: OracleOp = {
  opcode: 1,
  operands: 5,
  attributes: 11,
  shape(call) {
    channelDtypes(call);
    const { shape } = operand(call, 1);
    rule(shape.length === 4, "AIVM_SHAPE");
    const window = convWindow(call);
    within(call, 8, [1n, BigInt(window.c)]);
    within(call, 9, [operand(call, 0).lo, operand(call, 0).hi]);
    zeros(call, 10);
    const [channels, groups] = [at(shape, 0), attr(call, 8)];
    rule(groups * at(shape, 3) === window.c && channels % groups === 0, "AIVM_SHAPE");
    channelShapes(call, channels);
    return [window.n, window.oh, window.ow, channels];
  },
  bound: (call) => channelBound(call, larger(maxAbsFrom(operand(call, 0), 0n), abs(at(call.attrs, 9)))),
  gas: (call) => BigInt(sizeOf(operand(call, 1).shape.slice(1)) + 1),
  reads(call) {
    const { shape } = operand(call, 1);
    return [windowReads(convWindow(call), at(shape, 3)), [1, sizeOf(shape.slice(1)), 0], ONE, ONE, ONE];
  },
  evaluate(call) {
    const window = convWindow(call);
    const [x, w, bias, multiplier, shift] = [0, 1, 2, 3, 4].map((i) => dataOf(call, i)) as bigint[][];
    const [channels = 1, , , depth = 1] = operand(call, 1).shape;
    const perGroup = channels / attr(call, 8);
    const out: bigint[] = [];
    for (const [n = 0, oy = 0, ox = 0, o = 0] of everywhere([window.n, window.oh, window.ow, channels])) {
      const first = Math.floor(o / perGroup) * depth;
      let acc = at(bias ?? [], o);
      for (const [i = 0, j = 0, c = 0] of everywhere([window.kh, window.kw, depth])) {
        const pixel = pixelAt(window, [n, oy, ox], [i, j]);
        const v = pixel === undefined ? at(call.attrs, 9) : at(x ?? [], pixel + first + c);
        acc += v * at(w ?? [], ((o * window.kh + i) * window.kw + j) * depth + c);
      }
      const by = { multiplier: at(multiplier ?? [], o), shift: at(shift ?? [], o), zero: at(call.attrs, 10) };
      out.push(requantise(acc, by, call.output));
    }
    return out;
  },
};

export const linear: OracleOp = {
  opcode: 2,
  operands: 5,
  attributes: 1,
  shape(call) {
    channelDtypes(call);
    const { shape } = operand(call, 1);
    rule(shape.length === 2, "AIVM_SHAPE");
    const x = operand(call, 0).shape;
    rule(x.length >= 1 && x.at(-1) === at(shape, 1), "AIVM_SHAPE");
    channelShapes(call, at(shape, 0));
    zeros(call, 0);
    return [...x.slice(0, -1), at(shape, 0)];
  },
  bound: (call) => channelBound(call, maxAbsFrom(operand(call, 0), 0n)),
  gas: (call) => BigInt(at(operand(call, 1).shape, 1) + 1),
  reads(call) {
    const row = [1, at(operand(call, 1).shape, 1), 0] as const;
    return [row, row, ONE, ONE, ONE];
  },
  evaluate(call) {
    const [channels = 1, length = 1] = operand(call, 1).shape;
    const rows = sizeOf(operand(call, 0).shape) / length;
    const out: bigint[] = [];
    for (let r = 0; r < rows; r++) {
      const row = dataOf(call, 0).slice(r * length, (r + 1) * length);
      for (let n = 0; n < channels; n++) {
        const weights = dataOf(call, 1).slice(n * length, (n + 1) * length);
        const acc = row.reduce((sum, v, k) => sum + v * at(weights, k), at(dataOf(call, 2), n));
        const by = {
          multiplier: at(dataOf(call, 3), n),
          shift: at(dataOf(call, 4), n),
          zero: at(call.attrs, 0),
        };
        out.push(requantise(acc, by, call.output));
      }
    }
    return out;
  },
};

export const matmul: OracleOp = {
  opcode: 3,
  operands: 2,
  attributes: 5,
  shape(call) {
    takes(call, 0, NARROW);
    takes(call, 1, NARROW);
    gives(call, ANY);
    zeros(call, 0, 1);
    requantAttrs(call, 2);
    return productShape(call);
  },
  bound(call) {
    const a = dotBound(call);
    return { a, p: a * at(call.attrs, 2) };
  },
  gas: (call) => BigInt((operand(call, 0).shape.at(-1) ?? 0) + 1),
  reads(call) {
    const row = [1, operand(call, 0).shape.at(-1) ?? 0, 0] as const;
    return [row, row];
  },
  evaluate: (call) =>
    everywhere(call.output.shape).map((coordinates) =>
      requantise(dotAt(call, coordinates), requantOf(call, 2), call.output),
    ),
};

export const matmulDiv: OracleOp = {
  opcode: 25,
  operands: 3,
  attributes: 5,
  shape(call) {
    takes(call, 0, NARROW);
    takes(call, 1, NARROW);
    takes(call, 2, ["i32"]);
    gives(call, ANY);
    zeros(call, 0, 1);
    divisionAttrs(call, 2);
    const shape = productShape(call);
    const d = operand(call, 2).shape;
    rule(d.at(-1) === 1 && broadcastsTo(d, shape), "AIVM_SHAPE");
    return shape;
  },
  bound: (call) =>
    divisionBound(call, 2, { dividend: dotBound(call), divisor: maxAbsFrom(operand(call, 2), 0n) }),
  gas: (call) => BigInt((operand(call, 0).shape.at(-1) ?? 0) + 1),
  reads(call) {
    const row = [1, operand(call, 0).shape.at(-1) ?? 0, 0] as const;
    return [row, row, ONE];
  },
  evaluate(call) {
    const by = { ...requantOf(call, 2), rounding: 0n };
    return everywhere(call.output.shape).map((coordinates) => {
      const d = at(dataOf(call, 2), broadcastAt(operand(call, 2).shape, coordinates));
      return divide(dotAt(call, coordinates), d, by, call.output);
    });
  },
};

/** [B.., M, N] of two operands [.., M, K] and [.., N, K]. @throws Refusal. */
function productShape(call: Call): number[] {
  const [a, b] = [operand(call, 0).shape, operand(call, 1).shape];
  rule(a.length >= 2 && b.length >= 2 && a.at(-1) === b.at(-1), "AIVM_SHAPE");
  return [...together(a.slice(0, -2), b.slice(0, -2)), at(a, a.length - 2), at(b, b.length - 2)];
}

/** Sum of products at output coordinates. */
function dotAt(call: Call, coordinates: readonly number[]): bigint {
  const [a, b] = [operand(call, 0).shape, operand(call, 1).shape];
  const batch = coordinates.slice(0, -2);
  const [m, n] = [at(coordinates, batch.length), at(coordinates, batch.length + 1)];
  let acc = 0n;
  for (let k = 0; k < (a.at(-1) ?? 0); k++) {
    const left = at(dataOf(call, 0), broadcastAt(a, [...batch, m, k]));
    const right = at(dataOf(call, 1), broadcastAt(b, [...batch, n, k]));
    acc += (left - at(call.attrs, 0)) * (right - at(call.attrs, 1));
  }
  return acc;
}

/** Largest magnitude of that sum. */
function dotBound(call: Call): bigint {
  const length = BigInt(operand(call, 0).shape.at(-1) ?? 0);
  return (
    length * maxAbsFrom(operand(call, 0), at(call.attrs, 0)) * maxAbsFrom(operand(call, 1), at(call.attrs, 1))
  );
}
