/** Run in a process of its own (--expose-gc): what an engine for large weights takes, and what its runs leave. JSON on stdout. */
import { createWasmEngine } from "../../../../aivm/engine/wasm/wasmEngine.ts";
import { type OpDescriptor, opNamed, type Tensor, tensorType } from "../../../../aivm/index.ts";
import { freshKernels } from "../../../../scripts/buildWasm.ts";
import { programOf } from "../../support/models.ts";
import { createRandom, randomTensor } from "../../support/random.ts";

const WIDTH = 2_560;
const LAYERS = 4;
const RUNS = 1_000;

const random = createRandom(3);
const constants: Tensor[] = [];
const types = Array.from({ length: LAYERS }, () => [
  tensorType("i8", [WIDTH, WIDTH]),
  tensorType("i32", [WIDTH], { lo: -9, hi: 9 }),
  tensorType("i32", [WIDTH], { lo: 1, hi: 4_095 }),
  tensorType("i8", [WIDTH], { lo: 18, hi: 22 }),
]).flat();
for (const type of types) {
  const tensor = randomTensor(createRandom(1), { ...type, shape: [4_096] });
  const data = type.dtype === "i8" ? new Int8Array(WIDTH * (type.shape[1] ?? 1)) : new Int32Array(WIDTH);
  for (let at = 0; at < data.length; at += 4_096) data.set(tensor.data.subarray(0, data.length - at), at);
  constants.push({ dtype: type.dtype, shape: type.shape, data });
}
const ops = Array.from({ length: LAYERS }, (_, layer): OpDescriptor => {
  const weights = [0, 1, 2, 3].map((i) => ({ kind: "const" as const, index: 4 * layer + i }));
  const x = layer === 0 ? { kind: "input" as const, index: 0 } : { kind: "op" as const, index: layer - 1 };
  const { opcode } = opNamed("linear");
  return { opcode, operands: [x, ...weights], output: tensorType("i8", [1, WIDTH]), attrs: [0] };
});
const program = programOf({ inputs: [tensorType("i8", [1, WIDTH])], constants: types, ops });
const inputs = [randomTensor(random, tensorType("i8", [1, WIDTH]))];
const wasm = await freshKernels();

// A small engine first: compiling and the self-test are the process's, not the model's.
const small = programOf({
  inputs: [tensorType("i8", [3])],
  ops: [
    {
      opcode: 8,
      operands: [{ kind: "input", index: 0 }],
      output: tensorType("i8", [3]),
      attrs: [0, 1, 0, 0],
    },
  ],
});
await createWasmEngine({ model: { program: small, constants: [] }, wasm });

const used = (): { rss: number; heap: number } => {
  for (let i = 0; i < 4; i++) globalThis.gc?.();
  const { rss, heapUsed, arrayBuffers } = process.memoryUsage();
  return { rss, heap: heapUsed + arrayBuffers };
};
const before = used();
const engine = await createWasmEngine({ model: { program, constants }, wasm });
for (let i = 0; i < 20; i++) await engine.run({ inputs });
const loaded = used();
for (let i = 0; i < RUNS; i++) await engine.run({ inputs });
const after = used();
console.log(
  JSON.stringify({
    weights: constants.reduce((sum, { data }) => sum + data.byteLength, 0),
    declared: engine.memory.totalBytes,
    grown: loaded.rss - before.rss,
    runsGrew: { rss: after.rss - loaded.rss, heap: after.heap - loaded.heap },
  }),
);
