/** A plan in the making: buffers with their lifetimes, steps whose references are not yet placed, and constants. */
import { elementCount } from "../../tensor/shape.ts";
import { DTYPE_BYTES, type DType, type Tensor } from "../../tensor/tensor.ts";
import {
  ARENA_UNIT,
  DTYPE_CODE,
  HEADER_WORDS,
  KERNEL,
  MAP,
  PLACE,
  REF_WORDS,
  type StepProgram,
} from "./format.ts";
import { placeBuffers } from "./memory.ts";
import { nestOver } from "./nest.ts";
import { denseView, isDense, type Place, type View, viewElements, widened } from "./view.ts";

interface BufferDraft {
  readonly bytes: number;
  readonly first: number;
  last: number;
}

/** A word of a step: a number, or a view whose REF takes REF_WORDS words; undefined is the REF of nothing. */
export type Word = number | View | undefined;

interface StepDraft {
  readonly words: readonly Word[];
  readonly kernel: number;
  readonly parallel: boolean;
  readonly opIndex: number;
}

/** The plan so far. `kept` plans reuse no buffer. */
export interface Draft {
  readonly constants: Tensor[];
  readonly buffers: BufferDraft[];
  readonly steps: StepDraft[];
  readonly kept: boolean;
  readonly splitting: Splitting;
  /** Op whose steps are being made. */
  opIndex: number;
  /** Dense copies that were made of views, so that two readers share one. */
  readonly copies: Map<View, View>;
}

/** The least work of a step that is worth splitting among threads: it must take longer than their meeting does. */
export interface Splitting {
  /** Elements, for steps that touch each once. */
  readonly elements: number;
  /** Multiply-adds, for products. */
  readonly macs: number;
}

/** Some 130 microseconds of work for kernels of 30 multiply-adds and 2 elements in a nanosecond: a helper may have to wake. */
export const DEFAULT_SPLITTING: Splitting = { elements: 262_144, macs: 4_000_000 };

/** An empty plan over these constants. */
export function createDraft(
  constants: readonly Tensor[],
  of: { readonly kept: boolean; readonly splitting: Splitting },
): Draft {
  return { constants: [...constants], buffers: [], steps: [], ...of, opIndex: -1, copies: new Map() };
}

/** A new buffer for a tensor, written by the next step (or before all steps, with `first` -1). */
export function newBuffer(
  draft: Draft,
  of: { readonly dtype: DType; readonly shape: readonly number[] },
  first: number = draft.steps.length,
): Place {
  const bytes = elementCount(of.shape) * DTYPE_BYTES[of.dtype];
  draft.buffers.push({ bytes, first, last: first });
  return { kind: "arena", index: draft.buffers.length - 1 };
}

/** A new row-major tensor, written by the next step. */
export function newDense(
  draft: Draft,
  of: { readonly dtype: DType; readonly shape: readonly number[] },
): View {
  return denseView(newBuffer(draft, of), of);
}

/** A constant that planning has computed. */
export function newConstant(draft: Draft, tensor: Tensor): View {
  draft.constants.push(tensor);
  return denseView({ kind: "constant", index: draft.constants.length - 1 }, tensor);
}

/** Appends a step. Every view among its words stays alive until it. */
export function addStep(
  draft: Draft,
  step: { readonly kernel: number; readonly words: readonly Word[]; readonly parallel: boolean },
): void {
  for (const word of step.words) {
    if (typeof word === "object") keepAlive(draft, word, draft.steps.length);
  }
  draft.steps.push({ ...step, opIndex: draft.opIndex });
}

/** Keeps a view's buffer until after step `until`. */
export function keepAlive(draft: Draft, view: View, until: number): void {
  if (view.place.kind !== "arena") return;
  const buffer = draft.buffers[view.place.index];
  if (buffer !== undefined && buffer.last < until) buffer.last = until;
}

/** Appends a map step over views of one shape: y first, then up to three operands; `fixed` operands are not walked. */
export function addMap(
  draft: Draft,
  of: {
    readonly kind: number;
    readonly y: View;
    readonly operands: readonly View[];
    readonly parameters?: readonly number[];
    /** Operands that every element reads as a whole (tables). */
    readonly fixed?: readonly View[];
  },
): void {
  const { kind, parameters = [], fixed = [] } = of;
  const [y = of.y, ...operands] =
    kind === MAP.copy ? widened([of.y, ...of.operands]) : [of.y, ...of.operands];
  const nest = nestOver([y, ...operands], kind !== MAP.copy);
  const none = new Array<number>(nest.sizes.length).fill(0);
  const refs = [...operands, ...fixed];
  addStep(draft, {
    kernel: KERNEL.map,
    words: [
      kind,
      y,
      refs[0],
      refs[1],
      refs[2],
      ...nest.sizes,
      ...[0, 1, 2, 3].flatMap((i) => nest.strides[i] ?? none),
      ...Array.from({ length: 8 }, (_, i) => parameters[i] ?? 0),
    ],
    parallel: isParallel(draft, viewElements(y)),
  });
}

/** The view itself when it is row-major without gaps, else a copy that is (one for all readers). */
export function dense(draft: Draft, view: View): View {
  if (isDense(view)) return view;
  const known = draft.copies.get(view);
  if (known !== undefined) return known;
  const copy = newDense(draft, view);
  addMap(draft, { kind: MAP.copy, y: copy, operands: [view] });
  draft.copies.set(view, copy);
  return copy;
}

/** Worth splitting among threads, for a step of so many operations on elements. */
export function isParallel(draft: Draft, operations: number): boolean {
  return operations >= draft.splitting.elements;
}

/** Places the buffers and writes the words. */
export function finishDraft(
  draft: Draft,
  ports: {
    readonly inputs: readonly View[];
    readonly outputs: readonly View[];
    readonly ops?: readonly View[];
  },
): StepProgram {
  const end = draft.steps.length;
  const lives = draft.buffers.map((buffer) => (draft.kept ? { ...buffer, first: -1, last: end } : buffer));
  const { offsets, bytes } = placeBuffers(lives);
  const slot = (view: View): { offset: number; bytes: number } => ({
    offset: (offsets[view.place.index] ?? 0) + view.base * DTYPE_BYTES[view.dtype],
    bytes: viewElements(view) * DTYPE_BYTES[view.dtype],
  });
  const words: number[] = [];
  for (const step of draft.steps) writeStep(words, step, offsets);
  return {
    words: Int32Array.from(words),
    constants: draft.constants,
    arenaBytes: bytes,
    inputs: ports.inputs.map(slot),
    outputs: ports.outputs.map(slot),
    ...(ports.ops === undefined ? {} : { ops: ports.ops.map(slot) }),
  };
}

function writeStep(words: number[], step: StepDraft, offsets: readonly number[]): void {
  const start = words.length;
  words.push(step.kernel, 0, step.parallel ? 1 : 0, step.opIndex);
  for (const word of step.words) {
    if (typeof word === "number") words.push(word);
    else words.push(...refWords(word, offsets));
  }
  words[start + 1] = words.length - start;
  if (words.length - start < HEADER_WORDS) throw new RangeError("a step without words");
}

function refWords(view: View | undefined, offsets: readonly number[]): number[] {
  if (view === undefined) return new Array<number>(REF_WORDS).fill(0);
  const { place, dtype, base } = view;
  const constant = place.kind === "constant";
  const where = constant ? place.index : (offsets[place.index] ?? 0) / ARENA_UNIT;
  return [(constant ? PLACE.constant : PLACE.arena) + 4 * DTYPE_CODE[dtype], where, base];
}
