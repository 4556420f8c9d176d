/** A bare host for single kernels: compiles some of them, lays out one step's operands in memory, runs it share by share. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import asc from "assemblyscript/asc";
import { DTYPE_CODE, PLACE, REF_WORDS } from "../../../../aivm/engine/plan/format.ts";
import { elementCount } from "../../../../aivm/tensor/shape.ts";
import { createData, DTYPE_BYTES, type DType, type Tensor } from "../../../../aivm/tensor/tensor.ts";

const KERNELS = join(import.meta.dirname, "../../../../aivm/engine/wasm/kernels");
/** First byte that a test may use: the module's own data lies below. */
const START = 65_536;
/** What memory that nobody may write holds, and how much of it lies behind every buffer. */
const GUARD = 0xa5;
const GUARD_BYTES = 192;

/** A kernel: runs the share of `thread` among `threads` of the step at this address. */
export type Kernel = (step: number, thread: number, threads: number) => void;

/** A compiled module with its memory. */
export interface KernelModule {
  readonly memory: WebAssembly.Memory;
  readonly setPlaces: (arena: number, constants: number, scratch: number) => void;
  readonly kernels: Readonly<Record<string, Kernel>>;
}

/** Compiles files of the kernels' folder; their exports are the kernels. */
export async function compileKernels(files: readonly string[]): Promise<KernelModule> {
  const folder = mkdtempSync(join(tmpdir(), "aivm-kernels-"));
  try {
    const out = join(folder, "kernels.wasm");
    const sources = [...files, "step"].map((file) => join(KERNELS, `${file}.ts`));
    const flags = ["--enable", "simd", "--runtime", "stub", "--noAssert", "-O3", "--initialMemory", "1"];
    const { error, stderr } = await asc.main([...sources, "--baseDir", "/", "--outFile", out, ...flags]);
    if (error !== null) throw new Error(`the kernels do not compile: ${stderr.toString()}`, { cause: error });
    const { instance } = await WebAssembly.instantiate(new Uint8Array(readFileSync(out)), {
      env: { abort: () => undefined },
    });
    const exports = instance.exports as unknown as KernelModule & Record<string, Kernel>;
    return { memory: exports.memory, setPlaces: exports.setPlaces, kernels: exports };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A step's run: words with REFs to be filled in, operands, output. */
export interface StepRun {
  readonly kernel: string;
  /** The step's words; `refs` and `packed` are written over. */
  readonly words: readonly number[];
  /** Operand of the REF at each word. */
  readonly operands: readonly { readonly word: number; readonly tensor: Tensor | undefined }[];
  readonly output: { readonly word: number; readonly dtype: DType; readonly elements: number };
  /** Put into memory, and its address into word 3. */
  readonly packed?: Uint8Array;
  readonly scratchBytes: number;
  readonly threads: number;
}

/** Writes a REF to the first element of the arena buffer at `offset` bytes. */
function putRef(
  words: number[],
  word: number,
  ref: { readonly dtype: DType; readonly offset: number },
): void {
  words.splice(word, REF_WORDS, PLACE.arena + 4 * DTYPE_CODE[ref.dtype], ref.offset / 64, 0);
}

/** Runs all shares of a step one after the other, and checks that nothing but y and the scratch was written. @returns y. */
export function runStepAlone(module: KernelModule, run: StepRun): Tensor["data"] {
  const words = [...run.words];
  let end = START;
  const places: { readonly at: number; readonly bytes: Uint8Array }[] = [];
  const place = (bytes: Uint8Array): number => {
    const at = end;
    places.push({ at, bytes });
    end = roundUp(at + bytes.length + GUARD_BYTES, 64);
    return at;
  };
  for (const { word, tensor } of run.operands) {
    if (tensor === undefined) words.splice(word, REF_WORDS, 0, 0, 0);
    else putRef(words, word, { dtype: tensor.dtype, offset: place(bytesOf(tensor.data)) - START });
  }
  if (run.packed !== undefined) words[3] = place(run.packed);
  const yBytes = run.output.elements * DTYPE_BYTES[run.output.dtype];
  const y = place(new Uint8Array(yBytes));
  putRef(words, run.output.word, { dtype: run.output.dtype, offset: y - START });
  const step = place(bytesOf(Int32Array.from(words)));
  const scratch = place(new Uint8Array(run.scratchBytes));
  const missing = end - module.memory.buffer.byteLength;
  if (missing > 0) module.memory.grow(Math.ceil(missing / 65_536));
  const memory = new Uint8Array(module.memory.buffer);
  memory.fill(GUARD, START, end);
  for (const { at, bytes } of places) if (at !== y && at !== scratch) memory.set(bytes, at);
  const before = memory.slice(START, end);
  module.setPlaces(START, 0, scratch);
  for (let thread = 0; thread < run.threads; thread++) {
    memory.fill(GUARD, scratch, scratch + run.scratchBytes);
    module.kernels[run.kernel]?.(step, thread, run.threads);
  }
  const after = memory.slice(START, end);
  const data = createData(run.output.dtype, run.output.elements);
  new Uint8Array(data.buffer).set(after.subarray(y - START, y - START + yBytes));
  for (const [at, length] of [[y, yBytes] as const, [scratch, run.scratchBytes] as const]) {
    after.fill(0, at - START, at - START + length);
    before.fill(0, at - START, at - START + length);
  }
  const wrong = after.findIndex((byte, i) => byte !== before[i]);
  if (wrong >= 0)
    throw new Error(
      `byte ${wrong} of the arena was written: y at ${y - START}, scratch at ${scratch - START}`,
    );
  return data;
}

/** Words of a step: its header, then `rest`. */
export function stepWords(kernel: number, rest: readonly number[]): number[] {
  return [kernel, 4 + rest.length, 1, 0, ...rest];
}

/** Values of a tensor from a menu of extremes and a generator, the same on every machine. */
export function testTensor(
  dtype: DType,
  shape: readonly number[],
  of: { readonly seed: number; readonly lo?: number; readonly hi?: number; readonly extreme?: boolean },
): Tensor {
  const bits = 8 * DTYPE_BYTES[dtype];
  const { lo = -(2 ** (bits - 1)), hi = 2 ** (bits - 1) - 1, extreme = false } = of;
  const data = createData(dtype, elementCount(shape));
  const next = randomFrom(of.seed);
  for (let i = 0; i < data.length; i++) {
    const pick = extreme ? next() % 4 : 3;
    data[i] = pick === 0 ? lo : pick === 1 ? hi : lo + (next() % (hi - lo + 1));
  }
  return { dtype, shape, data };
}

/** Integers in [0, 2^31) from a linear congruential generator. */
export function randomFrom(seed: number): () => number {
  let state = (Math.imul(seed, 2_654_435_761) ^ 0x5bd1e995) >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return ((state >>> 9) ^ Math.imul(state, 0x9e3779b1)) >>> 1;
  };
}

function bytesOf(data: Tensor["data"]): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}
