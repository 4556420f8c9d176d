/** Runs step programs one element at a time with the specification's arithmetic: what the planner is tested with. */
import {
  DTYPE_CODE,
  HEADER_WORDS,
  KERNEL,
  MAP,
  PLACE,
  RANK,
  REF_WORDS,
  type StepProgram,
} from "../../../../aivm/engine/plan/format.ts";
import {
  type DType,
  elementFunction,
  type OpNode,
  opNamed,
  type Tensor,
  type TensorData,
} from "../../../../aivm/index.ts";
import { divide } from "../../../../aivm/numeric/divide.ts";
import { requantize, roundShift } from "../../../../aivm/numeric/requant.ts";

const DTYPES = Object.keys(DTYPE_CODE) as DType[];
const TYPED = { i8: Int8Array, i16: Int16Array, i32: Int32Array } as const;

interface Memory {
  readonly arena: ArrayBuffer;
  readonly constants: readonly Tensor[];
}

interface Located {
  readonly data: TensorData;
  readonly at: number;
  readonly dtype: DType;
}

/** Reads the words of one step in order. */
interface Words {
  readonly next: () => number;
  readonly list: (count: number) => number[];
  readonly ref: () => Located | undefined;
  readonly tensor: () => Located;
}

/** Outputs of the program on these inputs, and of every op in a plan that keeps them. */
export function interpret(
  program: StepProgram,
  inputs: readonly Tensor[],
): { readonly outputs: readonly TensorData[]; readonly ops: readonly TensorData[] } {
  const memory = { arena: new ArrayBuffer(program.arenaBytes), constants: program.constants };
  new Uint8Array(memory.arena).fill(0xa5);
  for (const [i, slot] of program.inputs.entries()) {
    const data = inputs[i]?.data ?? new Int8Array(0);
    new Uint8Array(memory.arena, slot.offset, slot.bytes).set(
      new Uint8Array(data.buffer, data.byteOffset, slot.bytes),
    );
  }
  for (let at = 0; at < program.words.length; ) {
    const length = program.words[at + 1] ?? 0;
    runStep(program.words[at] ?? 0, wordsOf(program.words.subarray(at + HEADER_WORDS, at + length), memory));
    at += length;
  }
  const read = ({ offset, bytes }: { readonly offset: number; readonly bytes: number }): TensorData =>
    new Int8Array(memory.arena.slice(offset, offset + bytes));
  return { outputs: program.outputs.map(read), ops: (program.ops ?? []).map(read) };
}

function wordsOf(words: Int32Array, { arena, constants }: Memory): Words {
  let at = 0;
  const next = (): number => {
    if (at >= words.length) throw new RangeError("a step is shorter than its kernel's words");
    return words[at++] ?? 0;
  };
  const list = (count: number): number[] => Array.from({ length: count }, next);
  const ref = (): Located | undefined => {
    const [code = 0, where = 0, base = 0] = list(REF_WORDS);
    const dtype = DTYPES[code >> 2] ?? "i8";
    if ((code & 3) === PLACE.none) return undefined;
    if ((code & 3) === PLACE.arena) return { data: new TYPED[dtype](arena, where * 64), at: base, dtype };
    const data = constants[where]?.data ?? new Int8Array(0);
    return { data, at: base, dtype };
  };
  const tensor = (): Located => {
    const found = ref();
    if (found === undefined) throw new RangeError("a step lacks an operand");
    return found;
  };
  return { next, list, ref, tensor };
}

function runStep(kernel: number, words: Words): void {
  const run = RUN.get(kernel);
  if (run === undefined) throw new RangeError(`no kernel ${kernel}`);
  run(words);
}

const RUN: ReadonlyMap<number, (words: Words) => void> = new Map([
  [KERNEL.conv, runConv],
  [KERNEL.convAny, runConv],
  [KERNEL.matmul, runMatmul],
  [KERNEL.map, runMap],
  [KERNEL.fill, runFill],
  [KERNEL.reduce, runReduce],
  [KERNEL.pool, runPool],
  [KERNEL.gather, runGather],
  [KERNEL.scatter, runScatter],
  [KERNEL.rank, runRank],
  [KERNEL.random, runRandom],
]);

function at(tensor: Located, offset: number): number {
  const value = tensor.data[tensor.at + offset];
  if (value === undefined) throw new RangeError(`element ${tensor.at + offset} of ${tensor.data.length}`);
  return value;
}

function put(tensor: Located, offset: number, value: number): void {
  if (tensor.at + offset < 0 || tensor.at + offset >= tensor.data.length)
    throw new RangeError("outside the buffer");
  tensor.data[tensor.at + offset] = value;
}

function walk(
  sizes: readonly number[],
  strides: readonly (readonly number[])[],
  visit: (...offsets: number[]) => void,
): void {
  const count = sizes.reduce((a, b) => a * b, 1);
  for (let i = 0; i < count; i++) {
    let rest = i;
    const offsets = strides.map(() => 0);
    for (let axis = sizes.length - 1; axis >= 0; axis--) {
      const size = sizes[axis] ?? 1;
      const position = rest % size;
      rest = (rest - position) / size;
      for (const [s, list] of strides.entries())
        offsets[s] = (offsets[s] ?? 0) + position * (list[axis] ?? 0);
    }
    visit(...offsets);
  }
}

function runConv(words: Words): void {
  const [x, w, bias, multiplier, shift, y] = Array.from({ length: 6 }, words.tensor) as [
    Located,
    Located,
    Located,
    Located,
    Located,
    Located,
  ];
  const [N = 1, H = 1, W = 1, C = 1, OH = 1, OW = 1, Cout = 1, kh = 1, kw = 1] = words.list(9);
  const [sh = 1, sw = 1, pt = 0, pl = 0, dh = 1, dw = 1, groups = 1, padValue = 0] = words.list(8);
  const [zero = 0, lo = 0, hi = 0] = words.list(3);
  words.next();
  const kind = words.next();
  const other = words.ref();
  const [mOwn = 0, mOther = 0, offset = 0, shift2 = 0, zero2 = 0, lo2 = 0, hi2 = 0] = words.list(8);
  const size = C / groups;
  walk(
    [N, OH, OW, Cout],
    [
      [1, 0, 0, 0],
      [0, 1, 0, 0],
      [0, 0, 1, 0],
      [0, 0, 0, 1],
    ],
    (n = 0, oy = 0, ox = 0, o = 0) => {
      let acc = at(bias, o);
      for (let i = 0; i < kh; i++) {
        for (let j = 0; j < kw; j++) {
          const row = oy * sh - pt + i * dh;
          const column = ox * sw - pl + j * dw;
          const inside = row >= 0 && row < H && column >= 0 && column < W;
          for (let c = 0; c < size; c++) {
            const channel = Math.floor(o / (Cout / groups)) * size + c;
            const value = inside ? at(x, ((n * H + row) * W + column) * C + channel) : padValue;
            acc += value * at(w, ((o * kh + i) * kw + j) * size + c);
          }
        }
      }
      const v = requantize(acc, { multiplier: at(multiplier, o), shift: at(shift, o), zero, lo, hi });
      const element = ((n * OH + oy) * OW + ox) * Cout + o;
      if (kind === 0 || other === undefined) put(y, element, v);
      else if (kind === 2) put(y, element, at(other, v + 128));
      else {
        const sum = zero2 + roundShift(v * mOwn + at(other, element) * mOther + offset, shift2);
        put(y, element, Math.min(Math.max(sum, lo2), hi2));
      }
    },
  );
}

function runMatmul(words: Words): void {
  const [a, b] = [words.tensor(), words.tensor()];
  const d = words.ref();
  const y = words.tensor();
  const batch = words.list(4);
  const strides = Array.from({ length: 4 }, () => words.list(4));
  const [M = 1, N = 1, K = 1, aRow = 0, aK = 0, bRow = 0, bK = 0, dRow = 0, yRow = 0] = words.list(9);
  const [zeroA = 0, zeroB = 0, multiplier = 0, shift = 0, zero = 0, lo = 0, hi = 0] = words.list(7);
  words.next();
  walk(batch, strides, (ia = 0, ib = 0, id = 0, iy = 0) => {
    for (let m = 0; m < M; m++) {
      for (let n = 0; n < N; n++) {
        let sum = 0;
        for (let k = 0; k < K; k++) {
          sum += (at(a, ia + m * aRow + k * aK) - zeroA) * (at(b, ib + n * bRow + k * bK) - zeroB);
        }
        const by = { multiplier, shift, zero, lo, hi };
        const value =
          d === undefined
            ? requantize(sum, by)
            : divide(sum, at(d, id + m * dRow), { ...by, rounding: 0 as const });
        put(y, iy + m * yRow + n, value);
      }
    }
  });
}

function runMap(words: Words): void {
  const kind = words.next();
  const y = words.tensor();
  const operands = [words.ref(), words.ref(), words.ref()];
  const sizes = words.list(RANK);
  const strides = Array.from({ length: 4 }, () => words.list(RANK));
  const parameters = words.list(8);
  const element = mapElement(kind, parameters, { y: y.dtype, operands });
  walk(sizes, strides, (to = 0, ...from) => put(y, to, element(from)));
}

/** Value of a map at operand offsets, by the element function of the op of that name. */
function mapElement(
  kind: number,
  parameters: readonly number[],
  of: { readonly y: DType; readonly operands: readonly (Located | undefined)[] },
): (offsets: readonly number[]) => number {
  const [a, b] = of.operands;
  if (a === undefined) throw new RangeError("a map without operands");
  if (kind === MAP.copy) return ([i = 0]) => at(a, i);
  if (kind === MAP.table) return ([i = 0]) => at(b ?? a, at(a, i) + (a.dtype === "i8" ? 128 : 32_768));
  const name = Object.entries(MAP).find(([, code]) => code === kind)?.[0] ?? "";
  const op = opNamed(name);
  const attrs = parameters.slice(0, op.attributes.length);
  const clamps = op.passedRange === undefined || name === "compare";
  const [lo = 0, hi = 0] = clamps ? parameters.slice(op.attributes.length) : [-(2 ** 31), 2 ** 31 - 1];
  const one = (dtype: DType) => ({ dtype, shape: [1], lo, hi });
  const present = of.operands.filter((operand) => operand !== undefined);
  const node: OpNode = {
    descriptor: { opcode: op.opcode, operands: [], attrs, output: one(of.y) },
    operands: present.map(({ dtype }) => one(dtype)),
  };
  const evaluate = elementFunction(node);
  return (offsets) => evaluate(0, (operand) => at(present[operand] ?? a, offsets[operand] ?? 0));
}

function runFill(words: Words): void {
  const y = words.tensor();
  const sizes = words.list(RANK);
  const strides = words.list(RANK);
  const value = words.next();
  walk(sizes, [strides], (to = 0) => put(y, to, value));
}

function runReduce(words: Words): void {
  const kind = words.next();
  const [y, x] = [words.tensor(), words.tensor()];
  const sizes = words.list(RANK);
  const strides = [words.list(RANK), words.list(RANK)];
  const [size = 1, stride = 0, zeroX = 0, multiplier = 0, shift = 0, zero = 0, lo = 0, hi = 0] =
    words.list(8);
  walk(sizes, strides, (to = 0, from = 0) => {
    const values = Array.from({ length: size }, (_, i) => at(x, from + i * stride));
    const largest = Math.max(...values);
    if (kind === 1) put(y, to, largest);
    else if (kind === 2) put(y, to, values.indexOf(largest));
    else {
      const sum = values.reduce((total, value) => total + value - zeroX, 0);
      put(y, to, requantize(sum, { multiplier, shift, zero, lo, hi }));
    }
  });
}

function runPool(words: Words): void {
  const kind = words.next();
  const [y, x] = [words.tensor(), words.tensor()];
  const [N = 1, H = 1, W = 1, C = 1, OH = 1, OW = 1, kh = 1, kw = 1] = words.list(8);
  const [sh = 1, sw = 1, pt = 0, pl = 0, dh = 1, dw = 1] = words.list(6);
  const [zeroX = 0, multiplier = 0, shift = 0, zero = 0, lo = 0, hi = 0] = words.list(6);
  walk(
    [N, OH, OW, C],
    [
      [1, 0, 0, 0],
      [0, 1, 0, 0],
      [0, 0, 1, 0],
      [0, 0, 0, 1],
    ],
    (n = 0, oy = 0, ox = 0, c = 0) => {
      let [best, sum] = [lo, 0];
      for (let i = 0; i < kh; i++) {
        for (let j = 0; j < kw; j++) {
          const row = oy * sh - pt + i * dh;
          const column = ox * sw - pl + j * dw;
          if (row < 0 || row >= H || column < 0 || column >= W) continue;
          const value = at(x, ((n * H + row) * W + column) * C + c);
          best = Math.max(best, value);
          sum += value - zeroX;
        }
      }
      const value = kind === 0 ? best : requantize(sum, { multiplier, shift, zero, lo, hi });
      put(y, ((n * OH + oy) * OW + ox) * C + c, value);
    },
  );
}

function runGather(words: Words): void {
  const [y, x, indices] = [words.tensor(), words.tensor(), words.tensor()];
  const [outer = 1, size = 1, inner = 1, count = 1] = words.list(4);
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < count; i++) {
      const index = Math.min(Math.max(at(indices, i), 0), size - 1);
      for (let c = 0; c < inner; c++)
        put(y, (o * count + i) * inner + c, at(x, (o * size + index) * inner + c));
    }
  }
}

function runScatter(words: Words): void {
  const [y, x, positions, updates] = [words.tensor(), words.tensor(), words.tensor(), words.tensor()];
  const lanes = words.list(RANK);
  const strides = Array.from({ length: 3 }, () => words.list(RANK));
  const [size = 1, stride = 1, elements = 1, reduction = 0, multiplier = 0, shift = 0, lo = 0, hi = 0] =
    words.list(8);
  const start = (value: number): number => (reduction === 2 ? Math.min(Math.max(value, lo), hi) : value);
  const values = Array.from({ length: elements }, (_, i) => start(at(x, i)));
  walk(lanes, strides, (lane = 0, p = 0, u = 0) => {
    const index = at(positions, p);
    if (index < 0 || index >= size) return;
    const to = lane + index * stride;
    const [old = 0, update] = [values[to], at(updates, u)];
    if (reduction === 0) values[to] = update;
    else if (reduction === 1) values[to] = old + update;
    else if (reduction === 2) values[to] = requantize(old * update, { multiplier, shift, zero: 0, lo, hi });
    else values[to] = reduction === 3 ? Math.max(old, update) : Math.min(old, update);
  });
  for (const [i, value] of values.entries()) {
    put(y, i, reduction === 1 || reduction === 2 ? Math.min(Math.max(value, lo), hi) : value);
  }
}

function runRank(words: Words): void {
  const [y, x] = [words.tensor(), words.tensor()];
  const [outer = 1, size = 1, inner = 1, count = 1, largest = 0] = words.list(5);
  for (let o = 0; o < outer; o++) {
    for (let c = 0; c < inner; c++) {
      const values = Array.from({ length: size }, (_, i) => at(x, (o * size + i) * inner + c));
      const order = values.map((_, i) => i);
      const sign = largest === 1 ? -1 : 1;
      order.sort((i, j) => sign * ((values[i] ?? 0) - (values[j] ?? 0)) || i - j);
      for (let place = 0; place < count; place++) put(y, (o * count + place) * inner + c, order[place] ?? 0);
    }
  }
}

function runRandom(words: Words): void {
  const [y, seed] = [words.tensor(), words.tensor()];
  const [count = 0, stream = 0] = words.list(2);
  const type = { dtype: "i32" as const, shape: [4], lo: -(2 ** 31), hi: 2 ** 31 - 1 };
  const output = { dtype: y.dtype, shape: [count], lo: -(2 ** 31), hi: 2 ** 31 - 1 };
  const { opcode } = opNamed("random");
  const element = elementFunction({
    descriptor: { opcode, operands: [], attrs: [stream], output },
    operands: [type],
  });
  for (let i = 0; i < count; i++)
    put(
      y,
      i,
      element(i, (_, word) => at(seed, word)),
    );
}
