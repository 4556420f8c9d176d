/** Random nodes of integers and truth values, with inputs at the ends of their types. */
import {
  add,
  type Build,
  constant,
  input,
  type Kind,
  oneIn,
  option,
  shapeOf,
  sizeOf,
  type Wire,
} from "./build.ts";
import { broadcast, type Maker, partner, pickFloat, reduced } from "./floats.ts";

/** Ranges of the types; the VM keeps 32 bits. */
const ENDS: Readonly<Record<string, readonly [number, number]>> = {
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32768, 32767],
  uint16: [0, 65535],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  int64: [-(2 ** 30), 2 ** 30 - 1],
  uint32: [0, 2 ** 31 - 1],
};

function pickInteger(b: Build, kinds: readonly Kind[]): Wire {
  const wires = b.wires.filter((w) => kinds.includes(w.kind) && sizeOf(w.shape) <= 300);
  if (wires.length > 0 && !oneIn(b, 4)) return b.random.pick(wires.slice(-3));
  const kind = b.random.pick(kinds);
  const [lo, hi] = ENDS[kind] ?? [0, 1];
  const small = oneIn(b, 2);
  return input(b, {
    kind,
    shape: shapeOf(b, 3),
    lo: small ? Math.max(lo, -50) : lo,
    hi: small ? Math.min(hi, 50) : hi,
  });
}

function operand(b: Build, x: Wire, nonZero: boolean): Wire {
  const [lo, hi] = ENDS[x.kind] ?? [0, 1];
  const shape = partner(b, x.shape);
  // Division by 0, and of the least integer by -1, ends the process in the runtime.
  const value = (): number => {
    const v = oneIn(b, 3)
      ? b.random.pick([lo, hi, 1, lo + 1])
      : b.random.int(Math.max(lo, -9), Math.min(hi, 9));
    return nonZero && (v === 0 || v === -1) ? 3 : v;
  };
  if (oneIn(b, 2) || nonZero)
    return constant(b, { kind: x.kind, shape, values: Array.from({ length: sizeOf(shape) }, value) });
  return input(b, { kind: x.kind, shape, lo: Math.max(lo, -1000), hi: Math.min(hi, 1000) });
}

const WORDS: readonly Kind[] = ["int32", "int64", "int32", "int64", "uint32"];
const ALL: readonly Kind[] = ["int8", "uint8", "int16", "uint16", "int32", "int64", "uint32"];

function arithmetic(b: Build): Wire | undefined {
  const x = pickInteger(b, b.opset >= 14 ? ALL : WORDS);
  const op = b.random.pick(["Add", "Sub", "Mul", "Div"]);
  const y = operand(b, x, op === "Div");
  const of = op !== "Div" && oneIn(b, 2) ? [y, x] : [x, y];
  return add(b, { op, of, shape: broadcast(x.shape, y.shape) });
}

function modulo(b: Build): Wire | undefined {
  if (b.opset < 10) return undefined;
  const x = pickInteger(b, ALL);
  const y = operand(b, x, true);
  return add(b, {
    op: "Mod",
    of: [x, y],
    shape: broadcast(x.shape, y.shape),
    attributes: { fmod: option(b, [undefined, 0, 1]) },
  });
}

function single(b: Build): Wire | undefined {
  const x = pickInteger(b, ["int8", "int32", "int64", "int16"]);
  const ops = [
    "Abs",
    "Neg",
    "Identity",
    ...(b.opset >= 9 ? ["Sign"] : []),
    ...(b.opset >= 14 ? ["Relu"] : []),
  ];
  return add(b, { op: b.random.pick(ops), of: [x], shape: x.shape });
}

function extreme(b: Build): Wire | undefined {
  if (b.opset < 12) return undefined;
  const x = pickInteger(b, ["int8", "uint8", "int32", "int64", "uint32"]);
  if (oneIn(b, 2)) {
    const [lo, hi] = ENDS[x.kind] ?? [0, 1];
    const at = () => constant(b, { kind: x.kind, shape: [], values: [b.random.pick([lo, hi, 3, 9, 40])] });
    return add(b, {
      op: "Clip",
      of: [x, oneIn(b, 3) ? undefined : at(), ...(oneIn(b, 3) ? [] : [at()])],
      shape: x.shape,
    });
  }
  const y = operand(b, x, false);
  return add(b, { op: b.random.pick(["Max", "Min"]), of: [x, y], shape: broadcast(x.shape, y.shape) });
}

function bitwise(b: Build): Wire | undefined {
  if (b.opset < 18) return undefined;
  const x = pickInteger(b, ALL);
  if (oneIn(b, 4)) return add(b, { op: "BitwiseNot", of: [x], shape: x.shape });
  const y = operand(b, x, false);
  return add(b, {
    op: b.random.pick(["BitwiseAnd", "BitwiseOr", "BitwiseXor"]),
    of: [x, y],
    shape: broadcast(x.shape, y.shape),
  });
}

function shift(b: Build): Wire | undefined {
  if (b.opset < 11) return undefined;
  const x = pickInteger(b, ["uint8", "uint32"]);
  const shape = partner(b, x.shape);
  const most = x.kind === "uint8" ? 8 : 31;
  const y = constant(b, {
    kind: x.kind,
    shape,
    values: Array.from({ length: sizeOf(shape) }, () => b.random.int(0, most)),
  });
  return add(b, {
    op: "BitShift",
    of: [x, y],
    shape: broadcast(x.shape, y.shape),
    attributes: { direction: b.random.pick(["LEFT", "RIGHT"]) },
  });
}

function compare(b: Build): Wire | undefined {
  const integers = oneIn(b, 2) && b.opset >= 9;
  const x = integers ? pickInteger(b, ["int32", "int64"]) : pickFloat(b);
  const ops = [
    "Less",
    "Greater",
    ...(b.opset >= 12 ? ["LessOrEqual", "GreaterOrEqual"] : []),
    ...(integers || b.opset >= 11 ? ["Equal"] : []),
  ];
  const y = integers
    ? operand(b, x, false)
    : constant(b, { shape: [], values: [b.random.int(-100, 100) / 64] });
  return add(b, {
    op: b.random.pick(ops),
    of: oneIn(b, 2) ? [x, y] : [y, x],
    kind: "bool",
    shape: broadcast(x.shape, y.shape),
    rounds: !integers,
  });
}

function logic(b: Build): Wire | undefined {
  const wires = b.wires.filter((w) => w.kind === "bool");
  const x =
    wires.length > 0 ? b.random.pick(wires) : input(b, { kind: "bool", shape: shapeOf(b, 3), lo: 0, hi: 1 });
  if (oneIn(b, 3)) return add(b, { op: "Not", of: [x], shape: x.shape });
  const y = input(b, { kind: "bool", shape: partner(b, x.shape), lo: 0, hi: 1 });
  return add(b, { op: b.random.pick(["And", "Or", "Xor"]), of: [x, y], shape: broadcast(x.shape, y.shape) });
}

function cast(b: Build): Wire | undefined {
  const wires = b.wires.filter((w) => w.kind !== "float32" || w.depth === 0);
  const x = wires.length > 0 ? b.random.pick(wires) : pickInteger(b, ALL);
  const to = b.random.pick([
    ["float32", 1],
    ["int32", 6],
    ["int64", 7],
    ["bool", 9],
    ["int8", 3],
    ["uint8", 2],
  ] as const);
  // Floats to unsigned types, and out of range, are undefined in C++ and differ by machine.
  if (x.kind === "float32" && to[0] === "uint8") return undefined;
  return add(b, {
    op: "Cast",
    of: [x],
    kind: to[0],
    shape: x.shape,
    attributes: { to: to[1] },
    jumps: true,
    bound: x.bound,
  });
}

function reduceIntegers(b: Build): Wire | undefined {
  const x = pickInteger(b, ["int32", "int64"]);
  if (x.shape.length === 0) return undefined;
  return reduced(
    b,
    x,
    b.random.pick([
      "ReduceSum",
      "ReduceMax",
      "ReduceMin",
      "ReduceMean",
      "ReduceL1",
      "ReduceSumSquare",
      "ReduceProd",
    ]),
  );
}

/** By name. */
export const INTEGER_MAKERS: Readonly<Record<string, Maker>> = {
  arithmetic,
  modulo,
  single,
  extreme,
  bitwise,
  shift,
  compare,
  logic,
  cast,
  reduceIntegers,
};
