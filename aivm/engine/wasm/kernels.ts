/** The compiled SIMD kernels and their memory, as TypeScript sees them. */
import { AivmError } from "../../../common/errors.ts";

/** The module's functions (documented in kernels/index.ts) and memory. Pointers are byte offsets. */
export interface Kernels {
  readonly memory: WebAssembly.Memory;
  readonly gemm: (
    x: number,
    w: number,
    acc: number,
    rows: number,
    cols: number,
    k: number,
    block: number,
  ) => void;
  readonly depthwise: (
    x: number,
    w: number,
    acc: number,
    rows: number,
    cols: number,
    channels: number,
    positions: number,
    rowLength: number,
  ) => void;
  readonly requantize: (
    acc: number,
    bias: number,
    factor: number,
    out: number,
    rows: number,
    cols: number,
    zero: number,
    lo: number,
    hi: number,
  ) => void;
  readonly unfold: (x: number, dst: number, geometry: number, first: number, count: number) => void;
  /** Reserves `bytes` for good, 16-byte aligned. Views made before may be detached. @throws AIVM_WASM when there are none. */
  readonly allocate: (bytes: number) => number;
}

const PAGE_BYTES = 65_536;
/** First byte given out; the module keeps what lies below. */
const ARENA_START = 4_096;

/**
 * Instantiates compiled kernels.
 * @throws AIVM_WASM when the bytes are no such module or the host has no SIMD.
 */
export async function instantiateKernels(wasm: Uint8Array): Promise<Kernels> {
  try {
    const module = await WebAssembly.compile(new Uint8Array(wasm));
    const { exports } = await WebAssembly.instantiate(module, { env: { abort: () => undefined } });
    const { memory, gemm, depthwise, requantize, unfold } = exports;
    if (!(memory instanceof WebAssembly.Memory)) throw new TypeError("no memory");
    return {
      memory,
      gemm: gemm as Kernels["gemm"],
      depthwise: depthwise as Kernels["depthwise"],
      requantize: requantize as Kernels["requantize"],
      unfold: unfold as Kernels["unfold"],
      allocate: createArena(memory),
    };
  } catch (cause) {
    throw new AivmError(
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
}

function createArena(memory: WebAssembly.Memory): Kernels["allocate"] {
  let next = ARENA_START;
  return (bytes) => {
    const at = next;
    next = Math.ceil((at + bytes) / 16) * 16;
    const missing = next - memory.buffer.byteLength;
    if (missing > 0) growBy(memory, Math.ceil(missing / PAGE_BYTES));
    return at;
  };
}

/** @throws AIVM_WASM when the host gives no more, or the module can address no more (4 GiB). */
function growBy(memory: WebAssembly.Memory, pages: number): void {
  try {
    memory.grow(pages);
  } catch (cause) {
    throw new AivmError(
      "AIVM_WASM",
      {
        what: "memory of the WASM kernels",
        want: `${pages} pages of 64 KiB more`,
        got: "none",
        remedy: "use the reference engine, or a machine with more memory",
      },
      { cause },
    );
  }
}
