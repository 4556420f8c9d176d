/** Comparing one computed output with the expected one. */
import type { OnnxTensor } from "../../aivm/import/onnx/graph.ts";
import type { CaseOutput } from "./onnxCase.ts";
import type { ManifestRow } from "./onnxFiles.ts";

/** The judgement; `note` of a pass says how far off it was. */
export type Judgement =
  | { readonly ok: true; readonly note: string }
  | { readonly ok: false; readonly reason: string };

/** Share of the largest |y| that a float output may be off by, at 16-bit activations. */
const RELATIVE_TOLERANCE = 1e-2;
/** A non-zero float output has at least this many steps from 0 to its largest value. */
const FEWEST_STEPS = 16_000;

/** Float outputs within max(2 x scale, 1 % of the largest) (one unit of scale in quant cases); integers exactly. */
export function judgeOutput(kind: ManifestRow["kind"], got: CaseOutput, want: OnnxTensor): Judgement {
  if (got.tensor.shape.join() !== want.shape.join()) {
    return { ok: false, reason: `shape [${got.tensor.shape.join()}], expected [${want.shape.join()}]` };
  }
  return want.dtype === "float32" ? judgeFloat(kind, got, want) : judgeInteger(got, want);
}

function judgeFloat(kind: ManifestRow["kind"], got: CaseOutput, want: OnnxTensor): Judgement {
  let largest = 0;
  let worst = 0;
  let at = 0;
  for (let i = 0; i < want.data.length; i++) {
    const expected = Number(want.data[i]);
    const difference = Math.abs(got.scale * ((got.tensor.data[i] ?? 0) - got.zero) - expected);
    if (!Number.isFinite(difference)) return { ok: false, reason: `element ${i} should be ${expected}` };
    largest = Math.max(largest, Math.abs(expected));
    if (difference > worst) {
      worst = difference;
      at = i;
    }
  }
  if (kind === "float" && largest > 0 && got.scale > largest / FEWEST_STEPS) {
    return { ok: false, reason: `scale ${got.scale} is coarser than ${largest} / ${FEWEST_STEPS}` };
  }
  const allowed = kind === "quant" ? got.scale : Math.max(2 * got.scale, RELATIVE_TOLERANCE * largest);
  const units = (worst / got.scale).toFixed(2);
  if (worst <= allowed) return { ok: true, note: `${units} units of scale ${got.scale.toPrecision(3)}` };
  return {
    ok: false,
    reason: `element ${at} is off by ${worst} (${units} units of scale), allowed ${allowed}`,
  };
}

function judgeInteger(got: CaseOutput, want: OnnxTensor): Judgement {
  if (got.scale !== 1 || got.zero !== 0)
    return { ok: false, reason: `an integer output with scale ${got.scale}` };
  for (let i = 0; i < want.data.length; i++) {
    if (got.tensor.data[i] !== Number(want.data[i])) {
      return { ok: false, reason: `element ${i} is ${got.tensor.data[i]}, expected ${want.data[i]}` };
    }
  }
  return { ok: true, note: "equal" };
}
