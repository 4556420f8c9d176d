/** What the integers of a tensor of the graph mean. */
import { emptyCalibration, notFinite } from "../../../quantize/errors.ts";
import { asymmetric8, type Quantization, type Range, symmetric16 } from "../../../quantize/scheme.ts";
import { integerStorage } from "./integers.ts";
import type { Lowering } from "./lowering.ts";
import { isNeverChosen } from "./masks.ts";
import { constantRange } from "./ranges.ts";
import { constantOf, tensorType } from "./tensors.ts";
import { isWideScores, wideScores } from "./wideScores.ts";

/** What integers mean in the tensor `name`. @throws AIVM_CALIBRATION_NOT_FINITE when calibration met NaN or infinity in it. */
export function quantizationOf(ctx: Lowering, name: string): Quantization {
  const { dtype } = tensorType(ctx, name);
  if (dtype !== "float32") return integerStorage(dtype);
  const stated = ctx.stated.get(name);
  if (stated !== undefined) return stated;
  const range = rangeOf(ctx, name);
  assertFinite(ctx, name);
  if (isWideScores(ctx, name, range)) return wideScores(range);
  const precision = ctx.precisions.get(name) ?? ctx.options.precision;
  return precision === "a16" ? symmetric16(withHeadroom(ctx, name, range)) : asymmetric8(range);
}

/** From this many samples on, calibration stands for inputs that it has not seen. */
const HEADROOM_FROM = 16;

/** 16 bits have room for values twice as large as calibration saw; a program input has a range of its own. */
function withHeadroom(ctx: Lowering, name: string, range: Range): Range {
  const room = ctx.calibration.inputs.some((input) => input.name === name) ? 1 : headroomOf(ctx);
  return { min: room * range.min, max: room * range.max };
}

/** How many times what calibration saw a 16-bit value may be. */
export function headroomOf(ctx: Lowering): number {
  return ctx.calibration.sampleCount < HEADROOM_FROM ? 1 : 2;
}

/** Range that decides the scale of a float tensor. @throws AIVM_CALIBRATION_EMPTY when nothing was run. */
export function rangeOf(ctx: Lowering, name: string): Range {
  const range = ctx.ranges.get(name);
  if (range !== undefined) return range;
  if (ctx.calibration.sampleCount > 0) return { min: 0, max: 0 };
  const own = constantRange(constantOf(ctx, name));
  if (own !== undefined) return own;
  throw emptyCalibration(name);
}

function assertFinite(ctx: Lowering, name: string): void {
  const stats = ctx.calibration.stats.get(name);
  const maskElsewhere = stats?.masked === true && !ctx.masks.has(name);
  const bad = stats?.finite === false || maskElsewhere;
  if (bad && !isNeverChosen(ctx.graph, ctx.calibration, name))
    throw notFinite({ item: `tensor ${name}`, got: "NaN or an infinity" });
}
