/** Thresholds in float64 for features in float32. */

const view = new DataView(new ArrayBuffer(4));

/** Largest finite float32. */
export const MOST_FLOAT32 = 3.4028234663852886e38;

/**
 * The largest float32 that is not above `threshold`: for every float32 x, `x <= threshold` in float64 is `x <= result` in
 * float32, as no float32 lies between the two. -Infinity below the lowest finite float32.
 */
export function float32AtMost(threshold: number): number {
  const rounded = Math.fround(threshold);
  return rounded <= threshold ? Math.min(rounded, MOST_FLOAT32) : below(rounded);
}

/** The next float32 below. */
function below(x: number): number {
  if (x === Number.POSITIVE_INFINITY) return MOST_FLOAT32;
  if (x === 0) return -(2 ** -149);
  view.setFloat32(0, x);
  view.setInt32(0, view.getInt32(0) + (x > 0 ? -1 : 1));
  return view.getFloat32(0);
}
