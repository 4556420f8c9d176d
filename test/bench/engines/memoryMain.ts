/**
 * One process, one measurement: memoryMain.ts <engine> <threads> <artifact> [empty]. Loads the artifact,
 * makes an engine for it (with `empty`: for a model of one element), runs it, and prints the peak of its resident
 * memory since the model was loaded, and what the engine says that it needs. The caller takes the difference of the two.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { loadArtifact } from "../../../aivm/program/artifact.ts";
import { createTensor } from "../../../aivm/tensor/tensor.ts";
import { engineAdapters } from "./adapters.ts";
import { copyModel } from "./copyModel.ts";

const RUNS = 5;

async function main(): Promise<void> {
  const [name, threads, artifact = "", empty] = process.argv.slice(2);
  const adapter = (await engineAdapters(() => undefined)).find((entry) => entry.name === name);
  if (adapter === undefined) throw new RangeError(`no engine ${name}`);
  const given = loadArtifact(new Uint8Array(readFileSync(artifact)));
  const model = empty === undefined ? given : copyModel(1);
  const inputs = model.program.inputs.map(({ type }) => createTensor(type.dtype, type.shape));
  // Threads of engines keep no process alive; this does, while closing waits for them.
  const alive = setInterval(() => undefined, 60_000);
  forgetPeak();
  const engine = await adapter.create(model, { threads: Number(threads) });
  for (let run = 0; run < RUNS; run++) await engine.run({ inputs });
  const { memory } = engine;
  // The checked model stays in use to the end, so that both processes hold it.
  const ops = given.program.ops.length;
  process.stdout.write(JSON.stringify({ peakBytes: peakBytes(), declaredBytes: memory.totalBytes, ops }));
  await engine.close();
  clearInterval(alive);
}

/** Collects garbage and resets the kernel's high-water mark, where the kernel lets us. */
function forgetPeak(): void {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  collect();
  writeFileSync("/proc/self/clear_refs", "5");
}

function peakBytes(): number {
  const kib = /VmHWM:\s*(\d+) kB/.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
  return 1024 * Number(kib);
}

await main();
