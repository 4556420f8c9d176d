/**
 * One process, one measurement: memoryMain.ts <engine> <threads> <artifact>. Runs a model of one element first, so that code
 * and self-test belong to the empty process; then prints by how much the resident memory of the process peaks above that
 * while it makes an engine for the artifact and runs it, and what the engine says that it needs. The native engine maps the
 * artifact, which counts; for the wasm engine the model is loaded before.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createTensor } from "../../../aivm/tensor/tensor.ts";
import { engineAdapters } from "./adapters.ts";
import { copyModel } from "./copyModel.ts";

const RUNS = 5;

async function main(): Promise<void> {
  const [name, threads, artifact = ""] = process.argv.slice(2);
  const adapter = (await engineAdapters(() => undefined)).find((entry) => entry.name === name);
  if (adapter === undefined) throw new RangeError(`no engine ${name}`);
  // Threads of engines keep no process alive; this does, while closing waits for them.
  const alive = setInterval(() => undefined, 60_000);
  const options = { threads: Number(threads) };
  const first = await adapter.create(copyModel(1), options);
  await first.run({ inputs: [createTensor("i8", [1])] }).catch(() => undefined);
  await first.close();
  const loaded =
    adapter.map === undefined ? adapter.check(new Uint8Array(readFileSync(artifact))) : undefined;
  forgetPeak();
  const base = residentBytes("VmRSS");
  const model = loaded ?? adapter.map?.(artifact);
  if (model === undefined) throw new RangeError("no model");
  const inputs = model.program.inputs.map(({ type }) => createTensor(type.dtype, type.shape));
  const engine = await adapter.create(model, options);
  for (let run = 0; run < RUNS; run++) await engine.run({ inputs });
  const peakBytes = residentBytes("VmHWM") - base;
  process.stdout.write(JSON.stringify({ peakBytes, declaredBytes: engine.memory.totalBytes }));
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

function residentBytes(which: "VmRSS" | "VmHWM"): number {
  const kib = new RegExp(`${which}:\\s*(\\d+) kB`).exec(readFileSync("/proc/self/status", "utf8"))?.[1];
  return 1024 * Number(kib);
}

await main();
