/** aivm model run */
import {
  buildTrace,
  type LoadedModel,
  type OutputPort,
  opOf,
  outputRootOf,
  type Program,
  shapeText,
  type Tensor,
  type Trace,
  tensorRoot,
} from "../../aivm/index.ts";
import { readArtifact } from "../../aivm/io/files.ts";
import { dequantize } from "../../aivm/quantize/scheme.ts";
import { bytesToHex } from "../../common/index.ts";
import { allFlags, type Command, hexFlag, type Invocation, onlyWord, usageError } from "../command.ts";
import { textTable } from "../table.ts";
import { ENGINE_FLAGS, engineOf } from "./engines.ts";
import { writeWhole } from "./files.ts";
import { givenInputs, INPUT_FLAGS } from "./inputs.ts";
import { writeNpy } from "./npy.ts";

/** Values of an output that are printed; --json and --out give all. */
const SHOWN_VALUES = 16;
const TOP = 5;
const SEED_BYTES = 32;

/** One output of a run: what it means, and the integers that it is. */
interface RunOutput {
  readonly name: string;
  readonly type: string;
  readonly tensorRoot: string;
  readonly integers: readonly number[];
  readonly reals: readonly number[];
}

/** The command. */
export const runCommand: Command = {
  name: "model run",
  about: "run an artifact once: outputs, cost, and with --trace every root",
  usage: "<artifact>",
  flags: {
    ...INPUT_FLAGS,
    ...ENGINE_FLAGS,
    trace: { type: "boolean", about: "print the trace: its root and the root of every op" },
    seed: { type: "string", placeholder: "HEX", about: "seed of the request, 32 bytes (default: zeros)" },
    out: {
      type: "string",
      placeholder: "NAME=FILE",
      about: "write an output's real values as .npy; NAME= may be left out when there is one output",
      multiple: true,
    },
  },
  examples: [
    "aivm model run digits.aivm --data models/digits/split.json --index 3",
    "aivm model run digits.aivm --input image=seven.npy --engine reference --trace",
    "aivm model run dense.aivm --data models/breast-cancer/split.json --index 7 --out logits=logits.npy --json",
  ],
  run: async (invocation) => {
    const model = await readArtifact(onlyWord(invocation, "artifact"));
    const { program } = model;
    const seed = hexFlag(invocation, { name: "seed", bytes: SEED_BYTES }) ?? new Uint8Array(SEED_BYTES);
    const targets = outTargets(invocation, program);
    const given = givenInputs(invocation, program);
    if (given === undefined) throw usageError("--input or --data", "one of them", "neither");
    const engine = await engineOf(invocation, model);
    const traced = invocation.flags.trace === true;
    const start = performance.now();
    const run = await engine.run({ inputs: given.tensors, keepOps: traced });
    const runMs = performance.now() - start;
    const outputs = program.outputs.map((port, i) => outputOf(program, port, run.outputs[i]));
    for (const { path, index } of targets) writeOutput(path, outputs[index], run.outputs[index]);
    const trace =
      run.ops === undefined ? undefined : traceOf(model, { given: given.tensors, ops: run.ops, seed });
    const facts = {
      modelId: bytesToHex(model.modelId),
      engine: engine.name,
      runMs: Number(runMs.toFixed(3)),
      vmGas: run.gas,
      ...(given.label === undefined ? {} : { label: given.label }),
      outputs,
      ...(trace === undefined ? {} : { trace: traceFacts(trace) }),
    };
    invocation.result(facts, textOf(facts, program));
  },
};

function outTargets(
  invocation: Invocation,
  program: Program,
): readonly { readonly path: string; readonly index: number }[] {
  const names = program.outputs.map(({ name }) => name);
  return allFlags(invocation, "out").map((text) => {
    const named = names.findIndex((name) => text.startsWith(`${name}=`));
    if (named >= 0) return { path: text.slice((names[named] ?? "").length + 1), index: named };
    if (names.length === 1) return { path: text, index: 0 };
    throw usageError("--out", `NAME=FILE with a name of ${names.join(", ")}`, text);
  });
}

function writeOutput(path: string, output: RunOutput | undefined, tensor: Tensor | undefined): void {
  if (output === undefined || tensor === undefined) return;
  writeWhole(path, { content: writeNpy(tensor.shape, output.reals), what: "output file" });
}

function outputOf(program: Program, port: OutputPort, tensor: Tensor | undefined): RunOutput {
  if (tensor === undefined) throw new RangeError(`output ${port.name} of ${program.name} is missing`);
  return {
    name: port.name,
    type: `${tensor.dtype}${shapeText(tensor.shape)}`,
    tensorRoot: bytesToHex(tensorRoot(tensor)),
    integers: Array.from(tensor.data),
    reals: Array.from(dequantize(tensor.data, port)),
  };
}

function traceOf(
  model: LoadedModel,
  run: { readonly given: readonly Tensor[]; readonly ops: readonly Tensor[]; readonly seed: Uint8Array },
): Trace {
  const { program } = model;
  return buildTrace({ program, inputs: run.given, opOutputs: run.ops, seed: run.seed, maxTokens: 0 });
}

function traceFacts(trace: Trace): {
  readonly root: string;
  readonly inputRoot: string;
  readonly outputRoot: string;
  readonly ops: readonly { readonly op: number; readonly name: string; readonly root: string }[];
} {
  const { program } = trace.execution;
  const roots = trace.slotRoots.map(bytesToHex);
  const opRoots = trace.slotRoots.slice(1, -1);
  return {
    root: bytesToHex(trace.root),
    inputRoot: roots[0] ?? "",
    outputRoot: bytesToHex(outputRootOf(program, opRoots)),
    ops: program.ops.map(({ opcode }, i) => ({ op: i, name: opOf(opcode).name, root: roots[i + 1] ?? "" })),
  };
}

function textOf(
  facts: {
    readonly engine: string;
    readonly runMs: number;
    readonly vmGas: bigint;
    readonly label?: number;
    readonly outputs: readonly RunOutput[];
    readonly trace?: ReturnType<typeof traceFacts>;
  },
  program: Program,
): string {
  const outputs = facts.outputs.map((output, i) => outputText(output, program.outputs[i]));
  const label = facts.label === undefined ? [] : [`label ${facts.label}`];
  const cost = `${facts.vmGas} vmGas in ${facts.runMs.toFixed(1)} ms on the ${facts.engine} engine`;
  const { trace } = facts;
  const roots =
    trace === undefined
      ? []
      : [
          `trace root   ${trace.root}\ninput root   ${trace.inputRoot}\noutput root  ${trace.outputRoot}`,
          textTable(
            ["op", "name", "tensor root"],
            trace.ops.map(({ op, name, root }) => [`${op}`, name, root]),
          ),
        ];
  return [...outputs, ...label, cost, ...roots].join("\n\n");
}

function outputText(output: RunOutput, port: OutputPort | undefined): string {
  const { name, type, integers, reals } = output;
  const values = (list: readonly number[]): string => {
    const shown = list.slice(0, SHOWN_VALUES).map((value) => `${Number(value.toPrecision(5))}`);
    return `${shown.join(" ")}${list.length > SHOWN_VALUES ? ` ... (${list.length} values)` : ""}`;
  };
  const exact = port !== undefined && port.scale === 1 && port.zero === 0;
  if (exact) return `${name}  ${type}\n  values    ${values(integers)}`;
  const lines = [`${name}  ${type}`, `  real      ${values(reals)}`, `  integers  ${values(integers)}`];
  if (reals.length > 1) lines.push(`  top ${Math.min(TOP, reals.length)}     ${topText(reals)}`);
  return lines.join("\n");
}

/** Indices of the largest values with the values; ties to the lowest index. */
function topText(reals: readonly number[]): string {
  return reals
    .map((value, index) => ({ value, index }))
    .sort((a, b) => b.value - a.value || a.index - b.index)
    .slice(0, TOP)
    .map(({ value, index }) => `${index} (${Number(value.toPrecision(5))})`)
    .join(", ");
}
