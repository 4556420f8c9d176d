/** The vector files as text: cases judged by the oracle, one vector a line. */
import type { Case, CaseTensor } from "./cases/build.ts";
import {
  artifactVectors,
  encodingVectors,
  type Json,
  traceVectors,
  treeVectors,
  type VectorFile,
} from "./cases/bytes.ts";
import { OP_CASES } from "./cases/index.ts";
import { requantVectors } from "./cases/numbers.ts";
import { judge } from "./oracle/judge.ts";
import { ORACLE_OPS } from "./oracle/ops.ts";

const SPEC = 1;

/** Every file under test/vectors: [path, text]. @throws RangeError when the oracle refuses a case or takes a refused one. */
export function vectorFiles(): [string, string][] {
  const requantisations = requantVectors().map((vector): Json => ({ ...vector }));
  return [
    ...Object.keys(OP_CASES).map((name): [string, string] => [`ops/${name}.json`, opFile(name)]),
    ["numbers.json", file({}, { requantisations })],
    ["trees.json", file({}, treeVectors())],
    ["encoding.json", file({}, encodingVectors())],
    ["artifacts.json", file({}, artifactVectors())],
    ["traces.json", file({}, traceVectors())],
  ];
}

function opFile(name: string): string {
  const { operands, attributes, cases } = OP_CASES[name] ?? { operands: [], attributes: [], cases: () => [] };
  const opcode = ORACLE_OPS[name]?.opcode ?? 0;
  const all = cases();
  const twice = all.find((item, i) => all.findIndex((other) => other.name === item.name) !== i);
  if (twice !== undefined) throw new RangeError(`${name}: two cases are called "${twice.name}"`);
  const vectors = all.map((item) => opVector(name, item));
  return file({ op: name, opcode, operands, attributes }, { vectors });
}

function opVector(name: string, item: Case): Json {
  const judgement = judge(name, item);
  const wanted = item.refused ?? "an output";
  const got = "error" in judgement ? judgement.error : "an output";
  if (wanted !== got)
    throw new RangeError(`${name}, "${item.name}": wanted ${wanted}, the oracle says ${got}`);
  const { dtype, shape, lo, hi } = item.output;
  const head = { name: item.name, attrs: item.attrs, operands: item.operands.map(tensorJson) };
  if ("error" in judgement) return { ...head, output: { dtype, shape, lo, hi }, error: judgement.error };
  return { ...head, output: { dtype, shape, lo, hi, data: judgement.data }, gas: judgement.gas };
}

function tensorJson({ dtype, shape, lo, hi, data, repeat, constant }: CaseTensor): Json {
  return {
    dtype,
    shape,
    lo,
    hi,
    ...(repeat !== undefined ? { data: { repeat } } : data !== undefined ? { data } : {}),
    ...(constant === true ? { constant } : {}),
  };
}

function file(head: { readonly [name: string]: Json }, lists: VectorFile): string {
  const facts = Object.entries({ spec: SPEC, ...head }).map(([name, value]) => `"${name}": ${text(value)}`);
  const blocks = Object.entries(lists).map(
    ([name, vectors]) => `"${name}": [\n${vectors.map((vector) => `  ${text(vector)}`).join(",\n")}\n]`,
  );
  return `{\n${[...facts, ...blocks].join(",\n")}\n}\n`;
}

/** JSON with bigints as numbers. */
function text(value: Json): string {
  if (typeof value === "bigint") return value.toString();
  if (Array.isArray(value)) return `[${value.map(text).join(",")}]`;
  if (typeof value === "object") {
    return `{${Object.entries(value)
      .map(([name, item]) => `${JSON.stringify(name)}:${text(item)}`)
      .join(",")}}`;
  }
  return JSON.stringify(value);
}
