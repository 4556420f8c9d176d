/** Scaled dot-product attention over heads, shared by the operators of ai.onnx and com.microsoft. */
import { type Builder, int, intList } from "./rule.ts";

/** Static sizes. */
export interface HeadSizes {
  readonly batch: number;
  readonly heads: number;
  /** Heads of keys and values: a divisor of `heads`. */
  readonly sharedHeads: number;
  readonly queries: number;
  readonly keys: number;
  readonly keySize: number;
  readonly valueSize: number;
}

/** What a mask allows. Shapes broadcast to [batch, heads, queries, keys]. */
export interface Masking {
  /** A bool tensor: false = not seen. "" = all. */
  readonly allowed: string;
  /** What a query that sees nothing gives: no query does, 0, or what it would without `allowed`. */
  readonly empty: "never" | "zero" | "unmasked";
  /** A float tensor added to the scores, "" = none. */
  readonly bias: string;
  /** True when -infinity in `bias` marks what is not seen. */
  readonly biasMasks: boolean;
}

/** The tensors at each stage: scores, after the cap, after the mask, after softmax, and the result. */
export interface Stages {
  readonly scores: string;
  readonly capped: string;
  readonly masked: string;
  readonly weights: string;
  /** [batch, heads, queries, value size] */
  readonly result: string;
}

/** [batch, tokens, heads x size] as [batch, heads, tokens, size]. */
export function splitHeads(
  build: Builder,
  x: string,
  to: { readonly batch: number; readonly tokens: number; readonly heads: number; readonly size: number },
): string {
  const apart = build.add("Reshape", [x, build.ints([to.batch, to.tokens, to.heads, to.size])]);
  return build.add("Transpose", [apart], { perm: intList([0, 2, 1, 3]) });
}

/** [batch, heads, tokens, size] as [batch, tokens, heads x size]. */
export function joinHeads(
  build: Builder,
  x: string,
  to: { readonly output: string; readonly shape: readonly number[] },
): void {
  const moved = build.add("Transpose", [x], { perm: intList([0, 2, 1, 3]) });
  build.into(to.output, { type: "Reshape" }, { inputs: [moved, build.ints(to.shape)] });
}

/** Each head of keys or values once for every query head that shares it. */
function repeated(build: Builder, x: string, sizes: HeadSizes, size: number): string {
  const times = sizes.heads / sizes.sharedHeads;
  if (times === 1) return x;
  const { batch, sharedHeads, keys, heads } = sizes;
  const single = build.add("Reshape", [x, build.ints([batch, sharedHeads, 1, keys, size])]);
  const many = build.add("Expand", [single, build.ints([batch, sharedHeads, times, keys, size])]);
  return build.add("Reshape", [many, build.ints([batch, heads, keys, size])]);
}

/** softmax(cap(q k^T scale) + mask) v. q, k, v: [batch, their heads, tokens, size]. */
export function attend(
  build: Builder,
  inputs: { readonly q: string; readonly k: string; readonly v: string },
  by: {
    readonly sizes: HeadSizes;
    readonly scale: number;
    readonly softcap: number;
    readonly masking: Masking;
  },
): Stages {
  const { sizes, softcap, masking } = by;
  const k = repeated(build, inputs.k, sizes, sizes.keySize);
  const v = repeated(build, inputs.v, sizes, sizes.valueSize);
  const q = build.add("Mul", [inputs.q, build.floats([by.scale], [])]);
  const scores = build.add("MatMul", [q, build.add("Transpose", [k], { perm: intList([0, 1, 3, 2]) })]);
  const capped = softcap > 0 ? cap(build, scores, softcap) : scores;
  const seen = seenRows(build, masking);
  const lowest = (): string => build.floats([Number.NEGATIVE_INFINITY], []);
  const biased = masking.bias === "" ? capped : build.add("Add", [capped, masking.bias]);
  const masked = masking.allowed === "" ? biased : build.add("Where", [masking.allowed, biased, lowest()]);
  // A row that sees nothing takes its scores unmasked: no softmax is without a largest value.
  const finite = seen === "" ? masked : build.add("Where", [seen, masked, capped]);
  const softmax = build.add("Softmax", [finite], { axis: int(-1) });
  const weights =
    seen === "" || masking.empty === "unmasked"
      ? softmax
      : build.add("Where", [seen, softmax, build.floats([0], [])]);
  return { scores, capped, masked, weights, result: build.add("MatMul", [weights, v]) };
}

/** cap tanh(x / cap). */
function cap(build: Builder, x: string, softcap: number): string {
  const bound = build.floats([softcap], []);
  return build.add("Mul", [build.add("Tanh", [build.add("Div", [x, bound])]), bound]);
}

/** A bool tensor [.., queries, 1]: the rows that see anything; "" when all do. */
function seenRows(build: Builder, masking: Masking): string {
  const parts: string[] = [];
  if (masking.biasMasks) {
    const lowest = build.floats([Number.NEGATIVE_INFINITY], []);
    parts.push(build.add("Not", [build.add("Equal", [masking.bias, lowest])]));
  }
  if (masking.allowed !== "" && (masking.empty !== "never" || parts.length > 0)) parts.push(masking.allowed);
  const [first, second] = parts;
  if (first === undefined) return "";
  const both = second === undefined ? first : build.add("And", [first, second]);
  const any = build.add("ReduceMax", [build.add("Cast", [both], { to: int(6) }), build.ints([-1])]);
  return build.add("Cast", [any], { to: int(9) });
}
