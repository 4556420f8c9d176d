/** The elementwise and moving wasm kernels on their own: compiled, given steps that tests build by hand, run share by share. */
import { readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import asc from "assemblyscript/asc";
import { DTYPE_CODE, HEADER_WORDS, KERNEL } from "../../../../../aivm/engine/plan/format.ts";
import { createData, DTYPE_BYTES, type DType, type TensorData } from "../../../../../aivm/tensor/tensor.ts";

const SOURCES = join(import.meta.dirname, "../../../../../aivm/engine/wasm/kernels");
const FILES = [
  ...["step", "map/map", "fill", "reduce/reduce", "pool/pool", "gather", "scatter", "rank", "random"],
  ...["scratch", "sha256/tensor"],
];
const FLAGS = ["--enable", "simd", "--runtime", "stub", "--noAssert", "-O3", "--importMemory"];

/** Where the step lies, and where the arena begins; between them a table of constants that no test needs. */
const STEP_AT = 8_192;
const ARENA_AT = 65_536;
const PAGE_BYTES = 65_536;
/** What buffers hold before a run, so that a test sees what a kernel leaves alone. */
const POISON = 0x5a;

type Kernel = (step: number, thread: number, threads: number) => void;

/** Names of kernels that a step can name. */
export type KernelName = "map" | "fill" | "reduce" | "pool" | "gather" | "scatter" | "rank" | "random";

/** The compiled module and its memory. */
export interface KernelModule {
  readonly memory: WebAssembly.Memory;
  /** Its functions, by name. */
  readonly call: (name: string, ...args: readonly number[]) => number;
  /** Forgets all buffers. */
  readonly reset: () => void;
  /** Address of `bytes` new bytes of poison, 64-byte aligned, within the arena. */
  readonly allocate: (bytes: number) => number;
  /** REF words of a new buffer that holds `data`, seen from element `first`. */
  readonly place: (dtype: DType, data: ArrayLike<number>, first?: number) => number[];
  /** REF words of a new buffer of poison. */
  readonly room: (dtype: DType, elements: number, first?: number) => number[];
  /** A copy of what a buffer holds, from its first element. */
  readonly read: (ref: readonly number[], elements: number) => TensorData;
  /** Runs one step in `threads` shares, one after the other. */
  readonly run: (kernel: KernelName, words: readonly number[], threads: number) => void;
}

let compiled: Promise<WebAssembly.Module> | undefined;

/** The module, compiled once a process. @throws Error with the compiler's messages. */
export async function createKernelModule(): Promise<KernelModule> {
  compiled ??= compile();
  const memory = new WebAssembly.Memory({ initial: 64 });
  const imports = { env: { memory, abort: () => undefined } };
  const { exports } = await WebAssembly.instantiate(await compiled, imports);
  const call = (name: string, ...args: readonly number[]): number =>
    (exports[name] as (...args: readonly number[]) => number)(...args);
  const { reset, allocate } = createArena(memory);
  const put = (dtype: DType, elements: number, first: number): number[] => {
    const at = allocate(elements * DTYPE_BYTES[dtype]);
    return [1 + 4 * DTYPE_CODE[dtype], (at - ARENA_AT) / 64, first];
  };
  const view = (ref: readonly number[], elements: number): TensorData => {
    const [code = 0, unit = 0] = ref;
    const at = ARENA_AT + unit * 64;
    if (code >> 2 === 0) return new Int8Array(memory.buffer, at, elements);
    return code >> 2 === 1
      ? new Int16Array(memory.buffer, at, elements)
      : new Int32Array(memory.buffer, at, elements);
  };
  return {
    memory,
    call,
    reset,
    allocate,
    place(dtype, data, first = 0) {
      const ref = put(dtype, data.length, first);
      view(ref, data.length).set(data);
      return ref;
    },
    room: (dtype, elements, first = 0) => put(dtype, elements, first),
    read(ref, elements) {
      const data = createData((["i8", "i16", "i32"] as const)[(ref[0] ?? 0) >> 2] ?? "i8", elements);
      data.set(view(ref, elements));
      return data;
    },
    run(kernel, words, threads) {
      const step = [KERNEL[kernel], HEADER_WORDS + words.length, 1, -1, ...words];
      new Int32Array(memory.buffer, STEP_AT, step.length).set(step);
      const scratch = allocate(call("scratchBytes", STEP_AT));
      call("setPlaces", ARENA_AT, 0, scratch);
      const share = exports[kernel] as Kernel;
      // The last share first: shares may not depend on each other.
      for (let thread = threads - 1; thread >= 0; thread--) share(STEP_AT, thread, threads);
    },
  };
}

async function compile(): Promise<WebAssembly.Module> {
  const file = join(tmpdir(), `aivm-kernels-${process.pid}.wasm`);
  const sources = FILES.map((name) => join(SOURCES, `${name}.ts`));
  const { error, stderr } = await asc.main([...sources, "--baseDir", "/", "--outFile", file, ...FLAGS]);
  if (error !== null) throw new Error(`the kernels do not compile: ${stderr.toString()}`, { cause: error });
  const module = await WebAssembly.compile(readFileSync(file));
  rmSync(file);
  return module;
}

function createArena(memory: WebAssembly.Memory): Pick<KernelModule, "reset" | "allocate"> {
  let next = ARENA_AT;
  return {
    reset() {
      next = ARENA_AT;
    },
    allocate(bytes) {
      const at = next;
      next = Math.ceil((at + bytes + 64) / 64) * 64;
      const missing = next - memory.buffer.byteLength;
      if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES));
      new Uint8Array(memory.buffer, at, next - at).fill(POISON);
      return at;
    },
  };
}
