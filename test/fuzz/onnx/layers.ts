/** Random layers: products, convolutions, pooling, and the sub-graphs that the importer reads as one operator. */
import {
  add,
  type Build,
  constant,
  indices,
  input,
  oneIn,
  option,
  real,
  type Wire,
  weight,
} from "./build.ts";
import { type Maker, pickFloat, pickRank } from "./floats.ts";

function matmul(b: Build): Wire | undefined {
  const x = pickRank(b, 1, 4);
  const k = x.shape.at(-1) ?? 1;
  const n = b.random.int(1, 5);
  const batch = oneIn(b, 3) ? x.shape.slice(0, -2).map((size) => (oneIn(b, 3) ? 1 : size)) : [];
  const shape = oneIn(b, 5) ? [k] : [...batch, k, n];
  const y = oneIn(b, 2) ? weight(b, shape) : input(b, { shape, lo: -1, hi: 1 });
  const rows = x.shape.length === 1 ? [] : x.shape.slice(0, -1);
  const lead = x.shape.length === 1 && shape.length > 2 ? shape.slice(0, -2) : [];
  return add(b, {
    op: "MatMul",
    of: [x, y],
    shape: [...lead, ...rows, ...(shape.length === 1 ? [] : [n])],
    bound: 20,
  });
}

function gemm(b: Build): Wire | undefined {
  const x = pickRank(b, 2);
  const transA = b.random.int(0, 1);
  const transB = b.random.int(0, 1);
  const [p = 1, q = 1] = x.shape;
  const [m, k] = transA === 1 ? [q, p] : [p, q];
  const n = b.random.int(1, 5);
  const shape = transB === 1 ? [n, k] : [k, n];
  const y = oneIn(b, 3) ? input(b, { shape, lo: -1, hi: 1 }) : weight(b, shape);
  const form = b.random.pick([[n], [1, n], [m, 1], [m, n], [1], []]);
  const c = oneIn(b, 3) ? input(b, { shape: form, lo: -1, hi: 1 }) : weight(b, form);
  const of = b.opset >= 11 && oneIn(b, 3) ? [x, y] : [x, y, c];
  const f = () => (oneIn(b, 2) ? undefined : { float: real(b, -2, 2) });
  return add(b, {
    op: "Gemm",
    of,
    shape: [m, n],
    attributes: { transA, transB, alpha: f(), beta: f() },
    bound: 20,
  });
}

/** A window over `spatial` sizes, and what it makes of them. */
function windowOf(
  b: Build,
  spatial: readonly number[],
  form: { readonly dilates: boolean; readonly ceil: boolean },
) {
  const rank = spatial.length;
  const each = (lo: number, hi: number) => Array.from({ length: rank }, () => b.random.int(lo, hi));
  const kernel = each(1, 3);
  const strides = each(1, 2);
  const dilations = form.dilates ? each(1, 2) : each(1, 1);
  const auto = oneIn(b, 4) ? b.random.pick(["SAME_UPPER", "SAME_LOWER", "VALID"]) : undefined;
  const pads = [...kernel, ...kernel].map((k) => b.random.int(0, Math.min(1, k - 1)));
  const ceil = form.ceil && b.opset >= 10 && auto === undefined && oneIn(b, 3);
  const sizes = spatial.map((size, i) => {
    const reach = ((kernel[i] ?? 1) - 1) * (dilations[i] ?? 1) + 1;
    const stride = strides[i] ?? 1;
    if (auto === "SAME_UPPER" || auto === "SAME_LOWER") return Math.ceil(size / stride);
    const room = size - reach + (auto === undefined ? (pads[i] ?? 0) + (pads[i + rank] ?? 0) : 0);
    const whole = Math.floor(room / stride) + 1;
    if (!ceil || room % stride === 0) return whole;
    return whole * stride >= size + (pads[i] ?? 0) ? whole : whole + 1;
  });
  const attributes = {
    kernel_shape: kernel,
    strides,
    ...(auto === undefined ? { pads } : { auto_pad: auto }),
    ...(form.dilates ? { dilations } : {}),
    ...(ceil ? { ceil_mode: 1 } : {}),
  };
  return sizes.every((size) => size >= 1) ? { kernel, attributes, sizes } : undefined;
}

function image(b: Build): Wire {
  const spatial = Array.from({ length: b.random.pick([1, 2, 2, 2, 3]) }, () => b.random.int(3, 7));
  return input(b, { shape: [b.random.int(1, 2), b.random.int(1, 4), ...spatial], lo: -1, hi: 1.5 });
}

function conv(b: Build): Wire | undefined {
  const x = image(b);
  const [n = 1, c = 1, ...spatial] = x.shape;
  const made = windowOf(b, spatial, { dilates: true, ceil: false });
  if (made === undefined) return undefined;
  const group = oneIn(b, 3) ? c : 1;
  const out = group * b.random.int(1, 3);
  const shape = [out, c / group, ...made.kernel];
  const w = oneIn(b, 5) ? input(b, { shape, lo: -1, hi: 1 }) : weight(b, shape);
  const of = oneIn(b, 2) ? [x, w, weight(b, [out])] : [x, w];
  const y = add(b, {
    op: "Conv",
    of,
    shape: [n, out, ...made.sizes],
    attributes: { ...made.attributes, group },
    bound: 20,
  });
  return after(b, y, out);
}

/** What folds into the layer before it. */
function after(b: Build, x: Wire, channels: number): Wire {
  let y = x;
  if (oneIn(b, 3)) {
    const of = [
      y,
      weight(b, [channels], -1, 2),
      weight(b, [channels]),
      weight(b, [channels]),
      weight(b, [channels], 0.1, 2),
    ];
    y = add(b, { op: "BatchNormalization", of, shape: y.shape, bound: 20 });
  }
  if (oneIn(b, 3)) y = add(b, { op: "Relu", of: [y], shape: y.shape, bound: 20 });
  if (oneIn(b, 4) && b.opset >= 11) {
    const of = [
      y,
      constant(b, { shape: [], values: [real(b, -1, 0.5)] }),
      constant(b, { shape: [], values: [real(b, 0.5, 3)] }),
    ];
    y = add(b, { op: "Clip", of, shape: y.shape, bound: 3 });
  }
  return y;
}

function convTranspose(b: Build): Wire | undefined {
  const x = image(b);
  const [n = 1, c = 1, ...spatial] = x.shape;
  if (spatial.length > 2) return undefined;
  const each = (lo: number, hi: number) => spatial.map(() => b.random.int(lo, hi));
  const kernel = each(1, 3);
  const strides = each(1, 3);
  const dilations = each(1, 2);
  const pads = [...kernel, ...kernel].map((k) => b.random.int(0, Math.min(1, k - 1)));
  const extra = strides.map((s) => b.random.int(0, s - 1));
  const sizes = spatial.map(
    (size, i) =>
      (strides[i] ?? 1) * (size - 1) +
      (extra[i] ?? 0) +
      ((kernel[i] ?? 1) - 1) * (dilations[i] ?? 1) +
      1 -
      (pads[i] ?? 0) -
      (pads[i + spatial.length] ?? 0),
  );
  if (sizes.some((size) => size < 1)) return undefined;
  const group = oneIn(b, 3) ? c : 1;
  const each2 = b.random.int(1, 3);
  const w = weight(b, [c, each2, ...kernel]);
  const out = each2 * group;
  const attributes = { kernel_shape: kernel, strides, dilations, pads, output_padding: extra, group };
  const of = oneIn(b, 2) ? [x, w, weight(b, [out])] : [x, w];
  return add(b, { op: "ConvTranspose", of, shape: [n, out, ...sizes], attributes, bound: 20 });
}

function pool(b: Build): Wire | undefined {
  const x = image(b);
  const [n = 1, c = 1, ...spatial] = x.shape;
  const op = b.random.pick([
    "MaxPool",
    "AveragePool",
    "AveragePool",
    "LpPool",
    "GlobalAveragePool",
    "GlobalMaxPool",
    "LRN",
  ]);
  if (op === "LRN") {
    if (spatial.length !== 2) return undefined;
    return add(b, {
      op,
      of: [x],
      shape: x.shape,
      attributes: { size: b.random.pick([1, 3, 5]), alpha: { float: 0.1 }, beta: { float: 0.75 } },
    });
  }
  if (op.startsWith("Global"))
    return add(b, { op, of: [x], shape: [n, c, ...spatial.map(() => 1)], bound: 2 });
  const dilates =
    (op === "MaxPool" && b.opset >= 10) ||
    (op === "AveragePool" && b.opset >= 19) ||
    (op === "LpPool" && b.opset >= 18);
  const made = windowOf(b, spatial, { dilates, ceil: op !== "LpPool" });
  if (made === undefined) return undefined;
  const more =
    op === "AveragePool"
      ? { count_include_pad: option(b, [undefined, 0, 1]) }
      : op === "LpPool"
        ? { p: b.random.pick([1, 2]) }
        : {};
  return add(b, {
    op,
    of: [x],
    shape: [n, c, ...made.sizes],
    attributes: { ...made.attributes, ...more },
    bound: 10,
  });
}

/** gelu, silu, softmax, norms and attention, written out in simpler operators. */
function pattern(b: Build): Wire | undefined {
  const x = pickRank(b, 2, 3);
  const { shape } = x;
  const at = (op: string, ...of: Wire[]) => add(b, { op, of, shape, bound: 10 });
  const c = (value: number) => constant(b, { shape: [], values: [value] });
  const row = [...shape.slice(0, -1), 1];
  const mean = (of: Wire) =>
    b.opset >= 18
      ? add(b, { op: "ReduceMean", of: [of, indices(b, [-1])], shape: row, bound: 10 })
      : add(b, {
          op: "ReduceMean",
          of: [of],
          shape: row,
          attributes: { axes: [shape.length - 1] },
          bound: 10,
        });
  const way = b.random.int(0, 6);
  if (way === 0 && b.opset >= 9)
    return at("Mul", at("Mul", x, c(0.5)), at("Add", at("Erf", at("Div", x, c(Math.SQRT2))), c(1)));
  if (way === 1) return at("Mul", x, at("Sigmoid", at("Mul", x, c(real(b, 0.5, 2)))));
  if (way === 2) {
    const cubed = at("Mul", at("Mul", x, x), x);
    const inner = at("Mul", at("Add", x, at("Mul", cubed, c(0.044715))), c(0.79788456));
    return at("Mul", at("Mul", x, c(0.5)), at("Add", at("Tanh", inner), c(1)));
  }
  if (way === 3) {
    const centred = at("Sub", x, mean(x));
    const spread = add(b, {
      op: "Sqrt",
      of: [add(b, { op: "Add", of: [mean(at("Mul", centred, centred)), c(1e-3)], shape: row })],
      shape: row,
    });
    const y = at("Div", centred, spread);
    return oneIn(b, 2)
      ? at("Add", at("Mul", y, weight(b, shape.slice(-1), 0.2, 2)), weight(b, shape.slice(-1)))
      : y;
  }
  if (way === 4) {
    const exponents = at("Exp", at("Sub", x, reducedMax(b, x, row)));
    const total =
      b.opset >= 13
        ? add(b, { op: "ReduceSum", of: [exponents, indices(b, [-1])], shape: row })
        : add(b, { op: "ReduceSum", of: [exponents], shape: row, attributes: { axes: [shape.length - 1] } });
    return at("Div", exponents, total);
  }
  if (way === 5) {
    const scores = add(b, {
      op: "Softmax",
      of: [x],
      shape,
      attributes: { axis: shape.length - 1 },
      bound: 1,
    });
    const k = shape.at(-1) ?? 1;
    const n = b.random.int(1, 4);
    const v = input(b, { shape: [k, n], lo: -2, hi: 2 });
    return add(b, { op: "MatMul", of: [scores, v], shape: [...shape.slice(0, -1), n], bound: 2 });
  }
  const square = mean(at("Mul", x, x));
  const root = add(b, {
    op: "Sqrt",
    of: [add(b, { op: "Add", of: [square, c(1e-2)], shape: row })],
    shape: row,
  });
  const inverse = add(b, { op: "Reciprocal", of: [root], shape: row });
  return at("Mul", at("Mul", x, inverse), weight(b, shape.slice(-1), 0.5, 1.5));
}

function reducedMax(b: Build, x: Wire, row: readonly number[]): Wire {
  return b.opset >= 18
    ? add(b, { op: "ReduceMax", of: [x, indices(b, [-1])], shape: row })
    : add(b, { op: "ReduceMax", of: [x], shape: row, attributes: { axes: [x.shape.length - 1] } });
}

/** QuantizeLinear and DequantizeLinear around something. */
function quantised(b: Build): Wire | undefined {
  if (b.opset < 10) return undefined;
  const kind = b.random.pick(["int8", "uint8"] as const);
  const pair = (x: Wire): Wire => {
    const scale = () => constant(b, { shape: [], values: [Math.fround(real(b, 0.01, 0.03))] });
    const same = scale();
    const zero = constant(b, {
      kind,
      shape: [],
      values: [kind === "uint8" ? b.random.int(100, 150) : b.random.int(-20, 20)],
    });
    const q = add(b, { op: "QuantizeLinear", of: [x, same, zero], shape: x.shape, kind, jumps: true });
    return add(b, { op: "DequantizeLinear", of: [q, same, zero], shape: x.shape, kind: "float32", bound: 5 });
  };
  const x = pair(pickFloat(b));
  const y = add(b, {
    op: b.random.pick(["Relu", "Sigmoid", "Identity", "Neg", "Tanh"]),
    of: [x],
    shape: x.shape,
    bound: 5,
  });
  return oneIn(b, 2) ? pair(y) : y;
}

/** By name. */
export const LAYER_MAKERS: Readonly<Record<string, Maker>> = {
  matmul,
  gemm,
  conv,
  convTranspose,
  pool,
  pattern,
  quantised,
};
