/** Random nodes of float tensors, element by element and along axes. */
import {
  add,
  type Build,
  constant,
  indices,
  input,
  type Made,
  oneIn,
  option,
  real,
  shapeOf,
  sizeOf,
  type Wire,
  weight,
} from "./build.ts";

/** Makes one random node (or a few that belong together); undefined when this graph has no operands for it. */
export type Maker = (b: Build) => Wire | undefined;

/** A float tensor to read: one that is there, or a new input. */
export function pickFloat(b: Build, fits: (wire: Wire) => boolean = () => true): Wire {
  const wires = b.wires.filter((w) => w.kind === "float32" && sizeOf(w.shape) <= 400 && fits(w));
  const recent = wires.slice(-2);
  return recent.length > 0 && !oneIn(b, 6)
    ? b.random.pick(recent)
    : input(b, { shape: shapeOf(b, 4), lo: -2, hi: 2 });
}

/** A float tensor of a rank. */
export function pickRank(b: Build, rank: number, most: number = rank): Wire {
  const wires = b.wires.filter(
    (w) => w.kind === "float32" && w.shape.length >= rank && w.shape.length <= most,
  );
  const fresh = () => input(b, { shape: shapeOf(b, 4, b.random.int(rank, most)), lo: -1.5, hi: 1.5 });
  return wires.length > 0 && oneIn(b, 2) ? b.random.pick(wires) : fresh();
}

/** `x` within [lo, hi], by a node where its bound does not say so. */
function within(b: Build, x: Wire, bound: number): Wire {
  if (x.bound <= bound) return x;
  const c = b.opset >= 11;
  const limits = [constant(b, { shape: [], values: [-bound] }), constant(b, { shape: [], values: [bound] })];
  return add(b, {
    op: "Clip",
    of: c ? [x, ...limits] : [x],
    shape: x.shape,
    attributes: c ? {} : { min: { float: -bound }, max: { float: bound } },
    bound,
  });
}

/** A tensor of at least 0.5, made of `x`. */
export function positive(b: Build, x: Wire): Wire {
  const magnitude = add(b, { op: "Abs", of: [within(b, x, 4)], shape: x.shape, bound: 4 });
  return add(b, {
    op: "Add",
    of: [magnitude, constant(b, { shape: [], values: [0.5] })],
    shape: x.shape,
    bound: 4.5,
  });
}

const SMOOTH: readonly (readonly [string, number])[] = [
  ["Abs", 1],
  ["Neg", 1],
  ["Relu", 1],
  ["Sigmoid", 1],
  ["Tanh", 1],
  ["Softplus", 1],
  ["Softsign", 1],
  ["Erf", 9],
  ["Identity", 1],
  ["Sin", 7],
  ["Cos", 7],
  ["HardSwish", 14],
  ["Mish", 18],
  ["Sinh", 9],
  ["Cosh", 9],
  ["Exp", 1],
];

function smooth(b: Build): Wire | undefined {
  const [op] = b.random.pick(SMOOTH.filter(([, since]) => since <= b.opset));
  const given = pickFloat(b);
  const x = ["Exp", "Sinh", "Cosh", "Sin", "Cos"].includes(op) ? within(b, given, 3) : given;
  return add(b, { op, of: [x], shape: x.shape, bound: op === "Relu" || op === "Abs" ? x.bound : 20 });
}

function parametric(b: Build): Wire | undefined {
  const x = pickFloat(b);
  const f = (lo: number, hi: number) => (oneIn(b, 3) ? undefined : { float: real(b, lo, hi) });
  const forms: readonly (readonly [number, Omit<Made, "of" | "shape">])[] = [
    [6, { op: "LeakyRelu", attributes: { alpha: f(-0.5, 1.5) } }],
    [6, { op: "Elu", attributes: { alpha: f(0.3, 2) } }],
    [6, { op: "Selu", attributes: { alpha: f(0.3, 2), gamma: f(0.5, 2) } }],
    [12, { op: "Celu", attributes: { alpha: f(0.3, 2) } }],
    [6, { op: "HardSigmoid", attributes: { alpha: f(0.1, 0.6), beta: f(0.2, 0.6) } }],
    [20, { op: "Gelu", attributes: { approximate: oneIn(b, 2) ? "tanh" : undefined } }],
    [9, { op: "Shrink", attributes: { lambd: f(0, 1), bias: f(-0.5, 0.5) }, jumps: true }],
    [10, { op: "ThresholdedRelu", attributes: { alpha: f(-0.5, 1) }, jumps: true }],
    [7, { op: "Dropout", attributes: {} }],
  ];
  const [, form] = b.random.pick(forms.filter(([since]) => since <= b.opset));
  return add(b, { ...form, of: [x], shape: x.shape });
}

function clip(b: Build): Wire | undefined {
  const x = pickFloat(b);
  const lo = real(b, -1.5, 0.8);
  const hi = oneIn(b, 12) ? lo - 0.25 : lo + real(b, 0, 2);
  const hasLo = !oneIn(b, 3);
  const hasHi = !oneIn(b, 3);
  if (b.opset < 11) {
    const attributes = { min: hasLo ? { float: lo } : undefined, max: hasHi ? { float: hi } : undefined };
    return add(b, { op: "Clip", of: [x], shape: x.shape, attributes });
  }
  const scalar = (value: number) => constant(b, { shape: [], values: [value] });
  const of = [x, hasLo ? scalar(lo) : undefined, ...(hasHi ? [scalar(hi)] : [])];
  return add(b, { op: "Clip", of, shape: x.shape });
}

function domain(b: Build): Wire | undefined {
  const x = positive(b, pickFloat(b));
  return add(b, { op: b.random.pick(["Log", "Sqrt", "Reciprocal"]), of: [x], shape: x.shape, bound: 3 });
}

function jump(b: Build): Wire | undefined {
  // Only of what is exact: a computed whole number is a little above or below it.
  const x = pickFloat(b, (w) => w.depth === 0);
  const ops = ["Floor", "Ceil", ...(b.opset >= 9 ? ["Sign"] : []), ...(b.opset >= 11 ? ["Round"] : [])];
  return add(b, { op: b.random.pick(ops), of: [x], shape: x.shape, jumps: true });
}

/** A shape that broadcasts with `shape`. */
export function partner(b: Build, shape: readonly number[]): number[] {
  const kept = shape.slice(oneIn(b, 3) ? b.random.int(0, shape.length) : 0);
  return kept.map((size) => (oneIn(b, 4) ? 1 : size));
}

/** The common shape of two that broadcast. */
export function broadcast(a: readonly number[], c: readonly number[]): number[] {
  const rank = Math.max(a.length, c.length);
  return Array.from({ length: rank }, (_, i) => {
    const left = a[a.length - rank + i] ?? 1;
    const right = c[c.length - rank + i] ?? 1;
    return left === 1 ? right : left;
  });
}

/** Another operand for `x`: an earlier tensor of a fitting shape, a constant, or a new input. */
function second(b: Build, x: Wire): Wire {
  const fits = b.wires.filter((w) => w.kind === "float32" && w.shape.join() === x.shape.join());
  const way = b.random.int(0, 3);
  if (way === 0 && fits.length > 0) return b.random.pick(fits);
  if (way <= 2) return weight(b, partner(b, x.shape), -1.5, 1.5);
  return input(b, { shape: partner(b, x.shape), lo: -2, hi: 2 });
}

function binary(b: Build): Wire | undefined {
  const x = pickFloat(b);
  const op = b.random.pick([
    "Add",
    "Sub",
    "Mul",
    "Div",
    "Add",
    "Mul",
    ...(b.opset >= 8 ? ["Max", "Min", "Mean", "Sum"] : []),
  ]);
  const y = second(b, x);
  const right = op === "Div" ? positive(b, y) : y;
  const of = op !== "Div" && oneIn(b, 2) ? [right, x] : [x, right];
  const more =
    ["Max", "Min", "Mean", "Sum"].includes(op) && oneIn(b, 2) ? [weight(b, partner(b, x.shape))] : [];
  return add(b, { op, of: [...of, ...more], shape: broadcast(x.shape, y.shape), bound: 16 });
}

function power(b: Build): Wire | undefined {
  const exponent = b.random.pick([2, 3, 0.5, -1, 1, 1.5, 0, -0.5, 4]);
  const given = pickFloat(b);
  const x = Number.isInteger(exponent) && exponent >= 0 ? within(b, given, 4) : positive(b, given);
  const y = constant(b, { shape: oneIn(b, 2) ? [] : [1], values: [exponent] });
  return add(b, { op: "Pow", of: [x, y], shape: broadcast(x.shape, y.shape), bound: 300 });
}

function prelu(b: Build): Wire | undefined {
  const x = pickFloat(b);
  const slope = b.random.pick([[], [1], x.shape.slice(-1), [...x.shape]]);
  return add(b, { op: "PRelu", of: [x, weight(b, slope)], shape: x.shape });
}

/** An axis of `x`, negative where this version allows it. */
export function axisOf(b: Build, x: Wire, since = 11): { readonly axis: number; readonly given: number } {
  const axis = b.random.int(0, x.shape.length - 1);
  return { axis, given: b.opset >= since && oneIn(b, 2) ? axis - x.shape.length : axis };
}

function reduce(b: Build): Wire | undefined {
  const op = b.random.pick([
    "Sum",
    "Mean",
    "Max",
    "Min",
    "L1",
    "L2",
    "SumSquare",
    "LogSumExp",
    "LogSum",
    "Prod",
    "Mean",
    "Max",
  ]);
  const found = pickRank(b, 1, 4);
  const x =
    op === "LogSum" ? positive(b, found) : ["LogSumExp", "Prod"].includes(op) ? within(b, found, 2) : found;
  return reduced(b, x, `Reduce${op}`);
}

/** A reduction of `x` over random axes. */
export function reduced(b: Build, x: Wire, op: string): Wire {
  const all = oneIn(b, 5);
  const chosen = x.shape.map((_, i) => i).filter(() => oneIn(b, 2));
  const axes = all ? [] : chosen.length === 0 ? [x.shape.length - 1] : chosen;
  const given = axes.map((axis) => (b.opset >= 11 && oneIn(b, 2) ? axis - x.shape.length : axis));
  const asInput = b.opset >= (op === "ReduceSum" ? 13 : 18);
  const noop = asInput && all && oneIn(b, 2);
  const keep = option(b, [undefined, 0, 1]);
  const over = new Set(all && !noop ? x.shape.map((_, i) => i) : axes);
  const shape = x.shape.flatMap((size, i) => (over.has(i) ? (keep === 0 ? [] : [1]) : [size]));
  return add(b, {
    op,
    of: asInput && !all ? [x, indices(b, given)] : [x],
    shape,
    attributes: {
      keepdims: keep,
      ...(asInput || all ? {} : { axes: given }),
      ...(noop ? { noop_with_empty_axes: 1 } : {}),
    },
    bound: 400,
  });
}

function softmax(b: Build): Wire | undefined {
  const x = pickRank(b, 1, 4);
  const { given } = axisOf(b, x);
  const op = b.random.pick(["Softmax", "Softmax", "LogSoftmax", "Hardmax"]);
  return add(b, {
    op,
    of: [x],
    shape: x.shape,
    attributes: { axis: oneIn(b, 3) && (b.opset >= 13 || x.shape.length >= 2) ? undefined : given },
    jumps: op === "Hardmax",
    bound: op === "LogSoftmax" ? 20 : 1,
  });
}

function norm(b: Build): Wire | undefined {
  const x = pickRank(b, 2, 4);
  const { axis, given } = axisOf(b, x, 17);
  const rest = x.shape.slice(axis);
  const epsilon = { float: b.random.pick([1e-5, 1e-3, 0.1]) };
  const scale = weight(b, rest, 0.2, 2);
  const bias = weight(b, rest);
  const channels = x.shape[1] ?? 1;
  const perChannel = () => weight(b, [channels], 0.2, 2);
  const fresh = () => (x.depth === 0 ? x : input(b, { shape: x.shape, lo: -1.5, hi: 1.5 }));
  const forms: readonly (readonly [number, () => Made])[] = [
    [
      17,
      () => ({
        op: "LayerNormalization",
        of: oneIn(b, 2) ? [x, scale, bias] : [x, scale],
        shape: x.shape,
        attributes: { axis: given, epsilon },
      }),
    ],
    [
      23,
      () => ({
        op: "RMSNormalization",
        of: [x, scale],
        shape: x.shape,
        attributes: { axis: given, epsilon },
      }),
    ],
    // This one and LpNormalization have no epsilon to speak of: of equal values that were rounded they make noise.
    [
      9,
      () => ({
        op: "MeanVarianceNormalization",
        of: [fresh()],
        shape: x.shape,
        attributes: { axes: [axis] },
      }),
    ],
    [
      7,
      () => ({
        op: "LpNormalization",
        of: [fresh()],
        shape: x.shape,
        attributes: { axis, p: b.random.pick([1, 2]) },
      }),
    ],
    [
      7,
      () => ({
        op: "BatchNormalization",
        of: [x, perChannel(), weight(b, [channels]), weight(b, [channels]), perChannel()],
        shape: x.shape,
        attributes: { epsilon },
      }),
    ],
    [
      21,
      () => ({
        op: "GroupNormalization",
        of: [x, perChannel(), weight(b, [channels])],
        shape: x.shape,
        attributes: { num_groups: oneIn(b, 2) ? 1 : channels, epsilon },
      }),
    ],
  ];
  const spatial: readonly (readonly [number, () => Made])[] =
    x.shape.length < 3
      ? []
      : [
          [
            7,
            () => ({
              op: "InstanceNormalization",
              of: [x, perChannel(), weight(b, [channels])],
              shape: x.shape,
              attributes: { epsilon },
            }),
          ],
        ];
  const [, make] = b.random.pick([...forms, ...spatial].filter(([since]) => since <= b.opset));
  return add(b, { ...make(), bound: 10 });
}

/** By name. */
export const FLOAT_MAKERS: Readonly<Record<string, Maker>> = {
  smooth,
  parametric,
  clip,
  domain,
  jump,
  binary,
  power,
  prelu,
  reduce,
  softmax,
  norm,
};
