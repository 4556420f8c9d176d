/** The compiled kernels: once per process for given bytes, for shared memory or not, and an instance for each thread. */
import { AivmError } from "../../../common/errors.ts";

/** The module's functions, documented in kernels/. Addresses are byte offsets in the memory. */
export interface Kernels {
  readonly runSteps: (
    first: number,
    end: number,
    thread: number,
    threads: number,
    control: number,
    arena: number,
    constants: number,
    scratch: number,
  ) => void;
  readonly hashOps: (table: number, count: number, control: number, scratch: number) => void;
  readonly startJob: (control: number) => void;
  readonly waitJob: (control: number, seen: number) => number;
  /** First byte of memory that the module does not use itself. */
  readonly heapBase: () => number;
}

/** Bytes of a page of WebAssembly memory. */
export const PAGE_BYTES = 65_536;

/** Most bytes that one memory may have here: the last page stays free, so that no end of a buffer wraps to 0. */
export const MAX_MEMORY_BYTES: number = 65_535 * PAGE_BYTES;

/** First bytes of a memory, where the module's own data lies. */
export const MODULE_BYTES = 16_384;

/** Section number of imports, and the flags of a limit: it has a maximum, and is shared. */
const IMPORT_SECTION = 2;
const HAS_MAXIMUM = 1;
const SHARED = 2;

const modules = {
  plain: new WeakMap<Uint8Array, Promise<WebAssembly.Module>>(),
  shared: new WeakMap<Uint8Array, Promise<WebAssembly.Module>>(),
};

/**
 * Module of compiled kernels (build/wasm/kernels.wasm), for an imported memory that is shared or not: the code is the
 * same, one bit of the import differs. Compiled once for the same array.
 * @throws AIVM_WASM when the bytes are no such module or the host has no SIMD.
 */
export function compileKernels(wasm: Uint8Array, shared: boolean): Promise<WebAssembly.Module> {
  const known = modules[shared ? "shared" : "plain"];
  let module = known.get(wasm);
  if (module === undefined) {
    module = compile(wasm, shared);
    known.set(wasm, module);
  }
  return module;
}

/** Instance for one thread, in a memory that is shared exactly when the module's is. @throws AIVM_WASM when it is none. */
export async function instantiateKernels(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
): Promise<Kernels> {
  try {
    const { exports } = await WebAssembly.instantiate(module, { env: { memory, abort: () => undefined } });
    const kernels = exports as unknown as Kernels;
    if (kernels.heapBase() <= MODULE_BYTES) return kernels;
    throw new RangeError(`the module's own data takes ${kernels.heapBase()} bytes`);
  } catch (cause) {
    throw wasmError(cause);
  }
}

/** Memory of exactly `pages` pages that may grow to `maxBytes`. @throws AIVM_WASM_MEMORY when the host gives none. */
export function createMemory(options: {
  readonly pages: number;
  readonly maxBytes: number;
  readonly shared: boolean;
}): WebAssembly.Memory {
  const { pages, maxBytes, shared } = options;
  const maximum = Math.max(pages, Math.floor(maxBytes / PAGE_BYTES));
  try {
    return new WebAssembly.Memory({ initial: pages, maximum, shared });
  } catch (cause) {
    throw memoryError(pages * PAGE_BYTES, cause);
  }
}

/** Grows `memory` to at least `bytes`. Views of memory that is not shared are detached. @throws AIVM_WASM_MEMORY when the host gives no more. */
export function growMemory(memory: WebAssembly.Memory, bytes: number): void {
  const missing = bytes - memory.buffer.byteLength;
  if (missing <= 0) return;
  try {
    memory.grow(Math.ceil(missing / PAGE_BYTES));
  } catch (cause) {
    throw memoryError(bytes, cause);
  }
}

async function compile(wasm: Uint8Array, shared: boolean): Promise<WebAssembly.Module> {
  try {
    const bytes = new Uint8Array(wasm);
    const at = memoryFlags(bytes);
    bytes[at] = shared ? HAS_MAXIMUM | SHARED : HAS_MAXIMUM;
    return await WebAssembly.compile(bytes);
  } catch (cause) {
    throw wasmError(cause);
  }
}

/** Index of the flags of the memory that the module imports. @throws RangeError when there is no such import. */
function memoryFlags(bytes: Uint8Array): number {
  let at = 8;
  while (at < bytes.length) {
    const section = bytes[at] ?? 0;
    const [size, start] = readLength(bytes, at + 1);
    if (section === IMPORT_SECTION) return flagsInImports(bytes, start);
    at = start + size;
  }
  throw new RangeError("the module imports nothing");
}

function flagsInImports(bytes: Uint8Array, start: number): number {
  let [count, at] = readLength(bytes, start);
  for (; count > 0; count--) {
    for (let name = 0; name < 2; name++) {
      const [length, next] = readLength(bytes, at);
      at = next + length;
    }
    const kind = bytes[at];
    if (kind === 2) return at + 1;
    if (kind !== 0) break;
    at = readLength(bytes, at + 1)[1];
  }
  throw new RangeError("the module imports no memory");
}

/** Number in LEB128 at `at`, and where it ends. */
function readLength(bytes: Uint8Array, at: number): [value: number, next: number] {
  let value = 0;
  for (let shift = 0; shift < 32; shift += 7) {
    const byte = bytes[at++] ?? 0;
    value |= (byte & 127) << shift;
    if (byte < 128) break;
  }
  return [value >>> 0, at];
}

function wasmError(cause: unknown): AivmError {
  return new AivmError(
    "AIVM_WASM",
    {
      what: "WASM kernels",
      want: "the module that scripts/buildWasm.ts makes, on a host with fixed-width SIMD",
      got: cause instanceof Error ? cause.message : String(cause),
      remedy: "build the kernels again, or use the reference engine",
    },
    { cause },
  );
}

function memoryError(bytes: number, cause: unknown): AivmError {
  return new AivmError(
    "AIVM_WASM_MEMORY",
    {
      what: "memory of the WASM engine",
      want: `${bytes} bytes`,
      got: cause instanceof Error ? cause.message : String(cause),
      remedy: "use fewer requests in flight, the reference engine, or a machine with more memory",
    },
    { cause },
  );
}
