/**
 * Loads and runs a mapped artifact in a process of its own and prints what memory it took, as JSON. Arguments: path of the
 * artifact, folder of the cache or "". To be run with --expose-gc.
 */
import { readFileSync } from "node:fs";
import { createNativeEngine } from "../../../../aivm/engine/native/nativeEngine.ts";
import { createTensor } from "../../../../aivm/index.ts";
import { mapArtifact } from "../../../../aivm/io/mappedArtifact.ts";
import { mappedPackCache } from "../../../../aivm/io/mappedPackCache.ts";
import { loadBinding } from "../../../../aivm/io/native.ts";
import { full, loaded, programOf } from "../../support/models.ts";

const [, , path = "", folder = ""] = process.argv;
const binding = loadBinding();

/** Resident bytes now, and at most since the process began. */
function resident(): { readonly now: number; readonly peak: number } {
  (globalThis as { gc?: () => void }).gc?.();
  const status = readFileSync("/proc/self/status", "utf8");
  const kib = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1]) * 1024;
  return { now: kib("VmRSS"), peak: kib("VmHWM") };
}

async function main(): Promise<void> {
  // The self-test and all code first: they are there before any model.
  const type = full("i8", 3);
  const ops = [
    { opcode: 8, output: type, attrs: [0, 1, 0, 0], operands: [{ kind: "input", index: 0 } as const] },
  ];
  const warm = await createNativeEngine({ model: loaded(programOf({ inputs: [type], ops })), binding });
  await warm.run({ inputs: [createTensor("i8", [3])] });
  await warm.close();
  // Memory that was detached is given back in the next turns of the event loop.
  for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
  const before = resident();
  const allocatedBefore = binding.allocatedBytes();
  const model = mapArtifact(path, binding);
  const cache = folder === "" ? {} : { cache: mappedPackCache(folder, binding) };
  const engine = await createNativeEngine({ model, binding, ...cache });
  const shape = model.program.inputs[0]?.type.shape ?? [];
  await engine.run({ inputs: [createTensor("i8", shape)] });
  const { memory } = engine;
  const after = resident();
  const allocated = binding.allocatedBytes() - allocatedBefore;
  console.log(
    JSON.stringify({ memory, allocated, grown: after.now - before.now, peak: after.peak - before.now }),
  );
}

main();
