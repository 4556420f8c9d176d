/** Random ONNX graphs through the compiler, beside onnxruntime on inputs that the compiler has not seen. */

import { createReferenceEngine } from "../../../aivm/engine/reference/referenceEngine.ts";
import { compileOnnx } from "../../../aivm/import/onnx/compile.ts";
import type { OnnxTensor } from "../../../aivm/import/onnx/graph.ts";
import { quantizeInput } from "../../../aivm/quantize/fidelity.ts";
import type { FloatReference } from "../../../aivm/quantize/reference.ts";
import { arrayFor } from "../../../aivm/quantize/samples.ts";
import { isAivmError } from "../../../common/errors.ts";
import { createRandom } from "../../aivm/support/random.ts";
import { type Build, createBuild, finish, sample, type Wire } from "./build.ts";
import { FLOAT_MAKERS } from "./floats.ts";
import { INTEGER_MAKERS } from "./integers.ts";
import { LAYER_MAKERS } from "./layers.ts";
import { MOVE_MAKERS } from "./moves.ts";

const MAKERS = { ...FLOAT_MAKERS, ...LAYER_MAKERS, ...MOVE_MAKERS, ...INTEGER_MAKERS };
const CALIBRATION = 20;
const EVALUATION = 5;
/** Sums that are 0 but for rounding are noise in either model. */
const NOISE = 1e-5;
/** Share of elements of a jumpy tensor that a step may put on the other side. */
const JUMPED = 0.2;

/** One graph: what became of it. */
export type Outcome =
  | { readonly kind: "agrees" }
  /** The float runtime does not run it: the generator was wrong, or the runtime lacks it. */
  | { readonly kind: "invalid"; readonly why: string }
  | { readonly kind: "refused"; readonly code: string; readonly why: string }
  | { readonly kind: "failed"; readonly why: string };

/** A random graph: a function of its seed alone. */
export function randomGraph(seed: number): Build {
  const random = createRandom(seed);
  const b = createBuild(random, random.int(7, 22));
  const wanted = random.int(1, 5);
  const names = Object.keys(MAKERS);
  for (let made = 0, tries = 0; made < wanted && tries < 30; tries++) {
    const make = MAKERS[random.pick(names)];
    if (make?.(b) !== undefined) made++;
  }
  return b;
}

/** A graph in a line a node. */
export function graphText(b: Build): string {
  const inputs = b.inputs.map(({ wire: w, lo, hi }) => `${w.name}:${w.kind}[${w.shape}] in ${lo}..${hi}`);
  const nodes = b.nodes.map(
    (n) => `${n.outputs.join()} = ${n.op}(${n.inputs.join()}) ${JSON.stringify(n.attributes)}`,
  );
  return [`opset ${b.opset}`, ...inputs, ...nodes].join("\n");
}

/** Compiles and compares the graph of a seed. */
export async function compareGraph(seed: number, reference: FloatReference): Promise<Outcome> {
  const b = randomGraph(seed);
  if (b.nodes.length === 0) return { kind: "invalid", why: "no nodes" };
  const { onnx, outputs } = finish(b);
  const calibration = Array.from({ length: CALIBRATION }, () => sample(b));
  try {
    const session = await reference.load(onnx);
    try {
      await session.run(feedsOf(b, sample(b)));
    } finally {
      await session.close();
    }
  } catch (error) {
    return { kind: "invalid", why: messageOf(error) };
  }
  try {
    const { model } = await compileOnnx({
      onnx,
      name: "fuzz",
      calibration,
      precision: "a16",
      weights: "i16",
      reference,
    });
    const { program } = model;
    const engine = createReferenceEngine(model);
    const session = await reference.load(onnx);
    try {
      const pairs: Pair[] = [];
      for (let i = 0; i < EVALUATION; i++) {
        const values = sample(b);
        const byName = new Map(b.inputs.map(({ wire }, k) => [wire.name, values[k] ?? []]));
        const inputs = program.inputs.map((port) => {
          const isFloat = b.inputs.some(({ wire }) => wire.name === port.name && wire.kind === "float32");
          const tensor = quantizeInput(port, byName.get(port.name) ?? [], isFloat);
          byName.set(
            port.name,
            Array.from(tensor.data, (q) => (isFloat ? port.scale * (q - port.zero) : q)),
          );
          return tensor;
        });
        const got = await engine.run({ inputs });
        const want = await session.run(
          feedsOf(
            b,
            b.inputs.map(({ wire }) => byName.get(wire.name) ?? []),
          ),
        );
        for (const [k, port] of program.outputs.entries()) {
          const tensor = want.get(port.name);
          const wire = outputs.find((w) => w.name === port.name);
          const result = got.outputs[k];
          if (tensor === undefined || wire === undefined || result === undefined)
            return { kind: "failed", why: `output ${port.name} is not there` };
          if (result.shape.join() !== tensor.shape.join())
            return { kind: "failed", why: `shape ${result.shape}, want ${tensor.shape}` };
          pairs.push({
            wire,
            want: Array.from(tensor.data as ArrayLike<number>, Number),
            got: Array.from(result.data, (q) => port.scale * (q - port.zero)),
            scale: port.scale,
          });
        }
      }
      const why = verdictOf(pairs);
      return why === undefined ? { kind: "agrees" } : { kind: "failed", why };
    } finally {
      await session.close();
    }
  } catch (error) {
    if (isAivmError(error)) return { kind: "refused", code: error.code, why: error.message };
    return { kind: "failed", why: `untyped error ${messageOf(error)}` };
  }
}

interface Pair {
  readonly wire: Wire;
  readonly want: readonly number[];
  readonly got: readonly number[];
  readonly scale: number;
}

/** Why the outputs disagree, or undefined. */
function verdictOf(pairs: readonly Pair[]): string | undefined {
  for (const name of new Set(pairs.map((p) => p.wire.name))) {
    const of = pairs.filter((p) => p.wire.name === name);
    const want = of.flatMap((p) => p.want);
    const got = of.flatMap((p) => p.got);
    const { wire, scale } = of[0] ?? { wire: undefined, scale: 1 };
    if (want.some((v) => !Number.isFinite(v))) continue; // the float model itself leaves the reals here
    const largest = Math.max(...want.map(Math.abs));
    const allowed = wire?.kind === "float32" ? Math.max(4 * scale, 2e-2 * largest, NOISE) : 0;
    // Beyond the range of a 16-bit output (twice what calibration saw) a program saturates, as documented.
    const isOff = (v: number, i: number): boolean =>
      !(Math.abs(v - (got[i] ?? Number.NaN)) <= allowed) &&
      !(wire?.kind === "float32" && Math.abs(v) > 32_767 * scale);
    const off = want.filter(isOff).length;
    // A step that is the same everywhere (a constant that was computed) may fall on its other side everywhere.
    if (wire?.fuzzy === true && want.every((v) => v === want[0])) continue;
    if (off <= (wire?.fuzzy === true ? Math.max(2, JUMPED * want.length) : 0)) continue;
    const first = want.findIndex(isOff);
    return `output ${name} (${wire?.kind}): ${off} of ${want.length} off by more than ${allowed}; at ${first} want ${want[first]}, got ${got[first]}`;
  }
  return undefined;
}

function feedsOf(b: Build, values: readonly (readonly number[])[]): OnnxTensor[] {
  return b.inputs.map(({ wire }, i) => ({
    name: wire.name,
    dtype: wire.kind,
    shape: wire.shape,
    data: arrayFor(wire.kind, values[i] ?? []),
  }));
}

function messageOf(error: unknown): string {
  return error instanceof Error
    ? `${error.name} ${error.message} ${error.stack?.split("\n").slice(1, 3).join(" ") ?? ""}`
    : String(error);
}
