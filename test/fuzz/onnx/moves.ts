/** Random nodes that move, choose and count elements, of floats and of integers. */
import {
  add,
  type Build,
  constant,
  indices,
  input,
  node,
  oneIn,
  option,
  real,
  shapeOf,
  sizeOf,
  type Wire,
  weight,
} from "./build.ts";
import { axisOf, broadcast, type Maker, partner, pickRank } from "./floats.ts";

/** A tensor of any type of at least `rank` dimensions. */
function any(b: Build, rank = 1): Wire {
  const wires = b.wires.filter((w) => w.shape.length >= rank && w.kind !== "bool" && sizeOf(w.shape) <= 300);
  if (wires.length > 0 && !oneIn(b, 4)) return b.random.pick(wires.slice(-3));
  const shape = shapeOf(b, 4, b.random.int(rank, 4));
  const kind = b.random.pick(["float32", "float32", "int32", "int64"] as const);
  return input(b, { kind, shape, lo: -(kind === "float32" ? 2 : 1000), hi: kind === "float32" ? 2 : 1000 });
}

function like(
  b: Build,
  x: Wire,
  given: {
    readonly op: string;
    readonly of?: readonly (Wire | undefined)[];
    readonly shape: readonly number[];
    readonly attributes?:
      | Record<string, never>
      | Readonly<Record<string, number | string | readonly number[] | undefined>>;
  },
): Wire {
  return add(b, { ...given, of: given.of ?? [x], bound: x.bound, kind: x.kind });
}

function shuffled(b: Build, n: number): number[] {
  const out = Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = b.random.int(0, i);
    [out[i], out[j]] = [out[j] ?? 0, out[i] ?? 0];
  }
  return out;
}

function layout(b: Build): Wire | undefined {
  const x = any(b);
  const size = sizeOf(x.shape);
  const way = b.random.int(0, 4);
  if (way === 0) {
    const perm = shuffled(b, x.shape.length);
    const reversed = oneIn(b, 4);
    const order = reversed ? perm.map((_, i) => x.shape.length - 1 - i) : perm;
    return like(b, x, {
      op: "Transpose",
      shape: order.map((i) => x.shape[i] ?? 1),
      attributes: { perm: reversed ? undefined : perm },
    });
  }
  if (way === 1) {
    const first = b.random.pick([1, 2, 3, 5].filter((d) => size % d === 0));
    const to = b.random.pick([[first, -1], [-1, first], [-1], [1, -1, first], [0, -1]]);
    const rest = size / to.reduce((a, d, i) => a * (d === -1 ? 1 : d === 0 ? (x.shape[i] ?? 1) : d), 1);
    const shape = to.map((d, i) => (d === -1 ? rest : d === 0 ? (x.shape[i] ?? 1) : d));
    return like(b, x, { op: "Reshape", of: [x, indices(b, to)], shape });
  }
  if (way === 2) {
    const axis = b.random.int(0, x.shape.length);
    const given = b.opset >= 11 && axis < x.shape.length && oneIn(b, 2) ? axis - x.shape.length : axis;
    return like(b, x, {
      op: "Flatten",
      shape: [sizeOf(x.shape.slice(0, axis)), sizeOf(x.shape.slice(axis))],
      attributes: { axis: given },
    });
  }
  if (way === 3) {
    if (x.shape.length > 4) return undefined;
    const axis = b.random.int(0, x.shape.length);
    const given = b.opset >= 11 && oneIn(b, 2) ? axis - x.shape.length - 1 : axis;
    const shape = [...x.shape.slice(0, axis), 1, ...x.shape.slice(axis)];
    return b.opset >= 13
      ? like(b, x, { op: "Unsqueeze", of: [x, indices(b, [given])], shape })
      : like(b, x, { op: "Unsqueeze", shape, attributes: { axes: [given] } });
  }
  const axis = x.shape.indexOf(1);
  if (axis < 0) return undefined;
  const shape = x.shape.filter((_, i) => i !== axis);
  return b.opset >= 13
    ? like(b, x, { op: "Squeeze", of: [x, indices(b, [axis])], shape })
    : like(b, x, { op: "Squeeze", shape, attributes: { axes: [axis] } });
}

function slice(b: Build): Wire | undefined {
  const x = any(b);
  const { axis, given } = axisOf(b, x, 10);
  const size = x.shape[axis] ?? 1;
  const step = b.opset >= 10 ? b.random.pick([1, 1, 2, -1, -2]) : 1;
  const start = b.random.pick([0, 1, -1, -2, size - 1, 100, -100]);
  const end = b.random.pick([size, -1, 100, 2147483647, -100, 1]);
  const clamp = (v: number, lo: number, hi: number) => Math.min(Math.max(v < 0 ? v + size : v, lo), hi);
  const from = step > 0 ? clamp(start, 0, size) : clamp(start, 0, size - 1);
  const to = step > 0 ? clamp(end, 0, size) : clamp(end, -1, size - 1);
  const count = Math.max(0, Math.ceil((to - from) / step));
  if (count === 0) return undefined;
  const shape = x.shape.map((d, i) => (i === axis ? count : d));
  if (b.opset < 10)
    return like(b, x, { op: "Slice", shape, attributes: { starts: [start], ends: [end], axes: [axis] } });
  return like(b, x, {
    op: "Slice",
    of: [x, indices(b, [start]), indices(b, [end]), indices(b, [given]), indices(b, [step])],
    shape,
  });
}

function join(b: Build): Wire | undefined {
  const x = any(b);
  const { axis, given } = axisOf(b, x);
  const size = b.random.int(1, 3);
  const shape = x.shape.map((d, i) => (i === axis ? size : d));
  const values = Array.from({ length: sizeOf(shape) }, () =>
    x.kind === "float32" ? real(b, -3, 3) : b.random.int(0, 100),
  );
  const y = constant(b, { kind: x.kind, shape, values });
  const of = b.random.pick([
    [x, y],
    [y, x],
    [x, y, x],
  ]);
  return like(b, x, {
    op: "Concat",
    of,
    shape: x.shape.map((d, i) => (i === axis ? of.reduce((a, w) => a + (w.shape[axis] ?? 0), 0) : d)),
    attributes: { axis: given },
  });
}

function split(b: Build): Wire | undefined {
  const x = any(b);
  const { axis, given } = axisOf(b, x);
  const size = x.shape[axis] ?? 1;
  if (size < 2) return undefined;
  const first = b.random.int(1, size - 1);
  const names = [`t${b.count++}`, `t${b.count++}`];
  const sizes = [first, size - first];
  const asInput = b.opset >= 13;
  node(
    b,
    {
      op: "Split",
      of: asInput ? [x, indices(b, sizes)] : [x],
      attributes: { axis: given, ...(asInput ? {} : { split: sizes }) },
    },
    names,
  );
  for (const [i, name] of names.entries())
    b.wires.push({
      ...x,
      name,
      depth: x.depth + 1,
      shape: x.shape.map((d, k) => (k === axis ? (sizes[i] ?? 1) : d)),
    });
  return b.wires.at(-1);
}

function pad(b: Build): Wire | undefined {
  const x = any(b);
  if (b.opset < 11 && x.kind !== "float32") return undefined;
  const mode = b.random.pick(["constant", "constant", "reflect", "edge", ...(b.opset >= 19 ? ["wrap"] : [])]);
  const room = (size: number) => (mode === "reflect" || mode === "wrap" ? Math.min(2, size - 1) : 2);
  const pads = [...x.shape, ...x.shape].map((size) =>
    oneIn(b, 2) ? 0 : b.random.int(mode === "constant" && oneIn(b, 4) ? -1 : 0, room(size)),
  );
  const rank = x.shape.length;
  const shape = x.shape.map((d, i) => d + (pads[i] ?? 0) + (pads[i + rank] ?? 0));
  if (shape.some((d) => d < 1)) return undefined;
  const value = x.kind === "float32" ? real(b, -3, 3) : 7;
  if (b.opset < 11)
    return add(b, {
      op: "Pad",
      of: [x],
      shape,
      attributes: { mode, pads, value: { float: value } },
      bound: Math.max(3, x.bound),
    });
  const of = [
    x,
    indices(b, pads),
    ...(mode === "constant" && oneIn(b, 2)
      ? [constant(b, { kind: x.kind, shape: [], values: [value] })]
      : []),
  ];
  return like(b, x, { op: "Pad", of, shape, attributes: { mode } });
}

function grow(b: Build): Wire | undefined {
  const x = any(b);
  if (sizeOf(x.shape) > 60) return undefined;
  if (oneIn(b, 2)) {
    const repeats = x.shape.map(() => b.random.int(1, 2));
    return like(b, x, {
      op: "Tile",
      of: [x, indices(b, repeats)],
      shape: x.shape.map((d, i) => d * (repeats[i] ?? 1)),
    });
  }
  if (b.opset < 8) return undefined;
  const to = [2, ...x.shape.map((d) => (d === 1 ? b.random.int(1, 3) : oneIn(b, 2) ? 1 : d))].slice(
    oneIn(b, 2) ? 1 : 0,
  );
  return like(b, x, { op: "Expand", of: [x, indices(b, to)], shape: broadcast(x.shape, to) });
}

function gather(b: Build): Wire | undefined {
  const x = any(b);
  const { axis, given } = axisOf(b, x);
  const size = x.shape[axis] ?? 1;
  const low = b.opset >= 11 ? -size : 0;
  const kind = b.random.pick(["int32", "int64"] as const);
  const shape = b.random.pick([[], [3], [2, 2]]);
  const values = Array.from({ length: sizeOf(shape) }, () => b.random.int(low, size - 1));
  const computed = oneIn(b, 3);
  const at = (form: readonly number[]) =>
    computed
      ? input(b, { kind, shape: form, lo: low, hi: size - 1 })
      : constant(b, {
          kind,
          shape: form,
          values: Array.from({ length: sizeOf(form) }, () => b.random.int(low, size - 1)),
        });
  if (oneIn(b, 2)) {
    const index = computed ? at(shape) : constant(b, { kind, shape, values });
    return like(b, x, {
      op: "Gather",
      of: [x, index],
      shape: [...x.shape.slice(0, axis), ...shape, ...x.shape.slice(axis + 1)],
      attributes: { axis: given },
    });
  }
  if (b.opset < 11) return undefined;
  const form = x.shape.map((d, i) => (i === axis ? b.random.int(1, 4) : b.random.int(1, d)));
  return like(b, x, { op: "GatherElements", of: [x, at(form)], shape: form, attributes: { axis: given } });
}

function scatter(b: Build): Wire | undefined {
  if (b.opset < 11) return undefined;
  const x = any(b);
  const { axis, given } = axisOf(b, x);
  const size = x.shape[axis] ?? 1;
  const reduction =
    b.opset >= 18
      ? option(b, [undefined, "add", "max", "min"])
      : b.opset >= 16
        ? option(b, [undefined, "add"])
        : undefined;
  const form = x.shape.map((d, i) => (i === axis && reduction !== undefined ? 3 : d));
  const order = shuffled(b, size);
  const inner = sizeOf(x.shape.slice(axis + 1));
  const values = Array.from({ length: sizeOf(form) }, (_, i) => {
    const at = Math.floor(i / inner) % (form[axis] ?? 1);
    return reduction === undefined
      ? (order[at] ?? 0) - (oneIn(b, 2) ? size : 0)
      : b.random.int(-size, size - 1);
  });
  const index = constant(b, { kind: "int64", shape: form, values });
  const floats = x.kind === "float32";
  const updates = oneIn(b, 2)
    ? input(b, { kind: x.kind, shape: form, lo: floats ? -2 : 0, hi: floats ? 2 : 100 })
    : constant(b, {
        kind: x.kind,
        shape: form,
        values: Array.from({ length: sizeOf(form) }, () => (floats ? real(b, -2, 2) : b.random.int(0, 9))),
      });
  return like(b, x, {
    op: "ScatterElements",
    of: [x, index, updates],
    shape: x.shape,
    attributes: { axis: given, reduction },
  });
}

function cumulate(b: Build): Wire | undefined {
  if (b.opset < 11) return undefined;
  const x = any(b);
  const { given } = axisOf(b, x);
  return add(b, {
    op: "CumSum",
    of: [x, constant(b, { kind: oneIn(b, 2) ? "int32" : "int64", shape: [], values: [given] })],
    shape: x.shape,
    attributes: { exclusive: b.random.int(0, 1), reverse: b.random.int(0, 1) },
    bound: 20,
  });
}

function resize(b: Build): Wire | undefined {
  if (b.opset < 11) return undefined;
  const x = input(b, {
    shape: [1, b.random.int(1, 3), b.random.int(2, 5), b.random.int(2, 5)],
    lo: -2,
    hi: 2,
  });
  const mode = b.random.pick(["nearest", "linear", "cubic"]);
  const how = b.random.pick(["half_pixel", "align_corners", "asymmetric", "pytorch_half_pixel"]);
  const nearest = b.random.pick(["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"]);
  const sizes = [...x.shape.slice(0, 2), b.random.int(1, 8), b.random.int(1, 8)];
  const byScale = oneIn(b, 2);
  // Where a scale gives no whole size, these two modes mean one thing in onnx's reference and another in onnxruntime.
  const wholeOnly = how === "align_corners" || how === "pytorch_half_pixel";
  const scales = [
    1,
    1,
    b.random.pick(wholeOnly ? [2, 3] : [0.5, 2, 1.5]),
    b.random.pick(wholeOnly ? [1, 2] : [0.5, 2, 3]),
  ];
  const shape = byScale ? x.shape.map((d, i) => Math.floor(d * (scales[i] ?? 1))) : sizes;
  const empty = b.opset >= 13 ? undefined : constant(b, { shape: [0], values: [] });
  const of = byScale
    ? [x, empty, constant(b, { shape: [4], values: scales })]
    : [x, empty, empty, indices(b, sizes)];
  return add(b, {
    op: "Resize",
    of,
    shape,
    attributes: {
      mode,
      coordinate_transformation_mode: how,
      ...(mode === "nearest" ? { nearest_mode: nearest } : {}),
      ...(mode === "cubic" && oneIn(b, 2) ? { exclude_outside: 1 } : {}),
    },
  });
}

function blocks(b: Build): Wire | undefined {
  const deep = oneIn(b, 2);
  if (deep) {
    const x = input(b, {
      shape: [1, 4 * b.random.int(1, 2), b.random.int(1, 3), b.random.int(1, 3)],
      lo: -2,
      hi: 2,
    });
    const [n = 1, c = 1, h = 1, w = 1] = x.shape;
    return add(b, {
      op: "DepthToSpace",
      of: [x],
      shape: [n, c / 4, 2 * h, 2 * w],
      attributes: { blocksize: 2, ...(b.opset >= 11 ? { mode: b.random.pick(["DCR", "CRD"]) } : {}) },
    });
  }
  const x = input(b, { shape: [1, b.random.int(1, 3), 2 * b.random.int(1, 2), 4], lo: -2, hi: 2 });
  const [n = 1, c = 1, h = 1, w = 1] = x.shape;
  return add(b, {
    op: "SpaceToDepth",
    of: [x],
    shape: [n, 4 * c, h / 2, w / 2],
    attributes: { blocksize: 2 },
  });
}

function triangle(b: Build): Wire | undefined {
  if (b.opset < 14) return undefined;
  const x = any(b, 2);
  return like(b, x, {
    op: "Trilu",
    of: [x, constant(b, { kind: "int64", shape: [], values: [b.random.int(-2, 2)] })],
    shape: x.shape,
    attributes: { upper: b.random.int(0, 1) },
  });
}

function choose(b: Build): Wire | undefined {
  if (b.opset < 9) return undefined;
  const x = pickRank(b, 1, 3);
  const condition = b.random.pick(
    b.wires
      .filter((w) => w.kind === "bool" && w.shape.join() === x.shape.join())
      .concat([input(b, { kind: "bool", shape: partner(b, x.shape), lo: 0, hi: 1 })]),
  );
  const y = weight(b, partner(b, x.shape), -2, 2);
  return add(b, {
    op: "Where",
    of: oneIn(b, 2) ? [condition, x, y] : [condition, y, x],
    kind: "float32",
    shape: broadcast(broadcast(x.shape, y.shape), condition.shape),
  });
}

function arg(b: Build): Wire | undefined {
  const x = any(b);
  const { axis, given } = axisOf(b, x);
  const keep = b.random.int(0, 1);
  return add(b, {
    op: b.random.pick(["ArgMax", "ArgMin"]),
    of: [x],
    kind: "int64",
    shape: x.shape.flatMap((d, i) => (i === axis ? (keep === 1 ? [1] : []) : [d])),
    attributes: {
      axis: given,
      keepdims: keep,
      ...(b.opset >= 12 && oneIn(b, 2) ? { select_last_index: 1 } : {}),
    },
    jumps: true,
  });
}

function top(b: Build): Wire | undefined {
  if (b.opset < 10) return undefined;
  const x = any(b);
  const { axis, given } = axisOf(b, x);
  const k = b.random.int(1, x.shape[axis] ?? 1);
  const names = [`t${b.count++}`, `t${b.count++}`];
  node(
    b,
    {
      op: "TopK",
      of: [x, indices(b, [k])],
      attributes: { axis: given, ...(b.opset >= 11 ? { largest: b.random.int(0, 1) } : {}) },
    },
    names,
  );
  const shape = x.shape.map((d, i) => (i === axis ? k : d));
  const [values = "", places = ""] = names;
  b.wires.push({ ...x, name: values, shape, depth: x.depth + 1 });
  b.wires.push({
    ...x,
    name: places,
    shape,
    depth: x.depth + 1,
    kind: "int64",
    fuzzy: x.fuzzy || (x.kind === "float32" && x.depth > 0),
  });
  return b.wires.at(-1);
}

/** By name. */
export const MOVE_MAKERS: Readonly<Record<string, Maker>> = {
  layout,
  layout2: layout,
  slice,
  join,
  split,
  pad,
  grow,
  gather,
  scatter,
  cumulate,
  resize,
  blocks,
  triangle,
  choose,
  arg,
  top,
};
