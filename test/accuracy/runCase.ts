/** Compiles one model at one precision and measures it. */
import { existsSync, readFileSync } from "node:fs";
import type { Trial, WeightChoice } from "../../aivm/import/onnx/choose.ts";
import { compileOnnx } from "../../aivm/import/onnx/compile.ts";
import { decodeOnnx } from "../../aivm/import/onnx/format/decode.ts";
import { withExtraOutputs } from "../../aivm/import/onnx/format/encode.ts";
import type { OnnxTensor } from "../../aivm/import/onnx/graph.ts";
import { openOrtReference } from "../../aivm/io/ortReference.ts";
import { loadWasmEngine } from "../../aivm/io/wasm.ts";
import { quantizeInput } from "../../aivm/quantize/fidelity.ts";
import type { Precision } from "../../aivm/quantize/scheme.ts";
import type { AccuracyCase, LoadedCase } from "./cases.ts";
import { type Answer, type Answers, type Score, sqnrDb } from "./metrics.ts";

/** One row of the table. */
export interface CaseResult extends Score {
  readonly model: string;
  readonly precision: Precision;
  readonly samples: number;
  /** Signal to noise of the logits, dB; null when they are equal. */
  readonly sqnrDb: number | null;
  readonly sqnrBar?: number;
  /** False where the metric is reported and no bar holds. */
  readonly barred: boolean;
  readonly artifactBytes: number;
  readonly compileSeconds: number;
  /** Processor time of the compilation: what it takes on an idle machine. */
  readonly compileCpuSeconds: number;
  readonly wideLayers: number;
  readonly trials: readonly Trial[];
  /** Peak resident memory of the process so far, MiB: of this case alone when the process runs nothing else. */
  readonly peakMib: number;
}

/** Compiles and measures. The tensor whose ratio is reported becomes an output where it is none. */
export async function runCase(
  which: AccuracyCase,
  options: {
    readonly folder: string;
    readonly precision: Precision;
    readonly weights?: WeightChoice;
    readonly targetDb?: number;
  },
): Promise<CaseResult> {
  const loaded = which.load(options.folder);
  const outputs = decodeOnnx(loaded.onnx).outputs.map((value) => value.name);
  const extra = [loaded.logits].filter((name) => !outputs.includes(name));
  const onnx = extra.length === 0 ? loaded.onnx : withExtraOutputs(loaded.onnx, extra);
  const reference = await openOrtReference();
  const start = performance.now();
  const cpu = process.cpuUsage();
  const compiled = await compileOnnx({
    onnx,
    name: which.name,
    calibration: loaded.calibration,
    precision: options.precision,
    ...(options.weights === undefined ? {} : { weights: options.weights }),
    ...(options.targetDb === undefined ? {} : { targetDb: options.targetDb }),
    reference,
    engine: loadWasmEngine,
  });
  const compileSeconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const peakMib = peakMemoryMib();
  const float = await reference.load(onnx);
  const engine = await loadWasmEngine(compiled.model);
  const { program } = compiled;
  const answers = { float: [] as Answer[], fixed: [] as Answer[], inputs: loaded.samples };
  for (const sample of loaded.samples) {
    const feeds = program.inputs.map((port, k): OnnxTensor => {
      return {
        name: port.name,
        dtype: "float32",
        shape: port.type.shape,
        data: sample[k] ?? new Float32Array(0),
      };
    });
    const want = await float.run(feeds);
    const inputs = program.inputs.map((port, k) => quantizeInput(port, sample[k] ?? [], true));
    const got = await engine.run({ inputs });
    answers.float.push(new Map([...want].map(([name, { data }]) => [name, Float64Array.from(data, Number)])));
    answers.fixed.push(
      new Map(
        program.outputs.map((port, i) => [
          port.name,
          Float64Array.from(got.outputs[i]?.data ?? [], (q) => port.scale * (q - port.zero)),
        ]),
      ),
    );
  }
  await float.close();
  return judged(loaded, answers, {
    model: which.name,
    precision: options.precision,
    samples: loaded.samples.length,
    artifactBytes: compiled.artifact.length,
    wideLayers: compiled.report.wideLayers.length,
    trials: compiled.report.trials,
    compileSeconds,
    compileCpuSeconds: (user + system) / 1e6,
    peakMib,
  });
}

/** Linux counts per process image; elsewhere the figure may include what the parent held when it forked. */
function peakMemoryMib(): number {
  const status = existsSync("/proc/self/status") ? readFileSync("/proc/self/status", "utf8") : "";
  const kib = /VmHWM:\s*(\d+) kB/.exec(status)?.[1];
  return (kib === undefined ? process.resourceUsage().maxRSS : Number(kib)) / 1024;
}

function judged(
  loaded: LoadedCase,
  answers: Answers,
  facts: Omit<CaseResult, keyof Score | "sqnrDb" | "sqnrBar" | "barred">,
): CaseResult {
  const score = loaded.metric(answers);
  const ratio = sqnrDb(answers, loaded.logits);
  const bar = loaded.sqnrBar?.[facts.precision];
  const barred = loaded.barAt?.includes(facts.precision) ?? true;
  const passed = (!barred || score.passed) && (bar === undefined || ratio >= bar);
  return {
    ...facts,
    ...score,
    sqnrDb: Number.isFinite(ratio) ? ratio : null,
    ...(bar === undefined ? {} : { sqnrBar: bar }),
    barred,
    passed,
  };
}
