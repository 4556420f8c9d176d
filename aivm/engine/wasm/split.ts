/** Programs cut into consecutive parts, for models that do not fit one memory. */
import type { Program, Ref } from "../../program/program.ts";
import { typeOfRef } from "../../program/program.ts";
import type { RunnableModel } from "../engine.ts";

/** Ops [first, end) of a program as a model of its own. */
export interface Part {
  readonly first: number;
  readonly end: number;
  readonly model: RunnableModel;
  /** What its inputs are in the whole program: inputs of it, or outputs of earlier ops. */
  readonly inputs: readonly Ref[];
  /** Ops of the whole program that its outputs are: those that later ops or the program's outputs read. */
  readonly outputs: readonly number[];
}

/** The part with ops [first, end). Constants are the whole model's own tensors, those that it reads. */
export function partOf(model: RunnableModel, first: number, end: number): Part {
  const { program } = model;
  const inputs = numbering();
  const constants = numbering();
  const renumber = (ref: Ref): Ref => {
    if (ref.kind === "const") return { kind: "const", index: constants.of(ref) };
    if (ref.kind === "op" && ref.index >= first) return { kind: "op", index: ref.index - first };
    return { kind: "input", index: inputs.of(ref) };
  };
  const ops = program.ops.slice(first, end).map((op) => ({ ...op, operands: op.operands.map(renumber) }));
  const outputs = readLater(program, first, end);
  return {
    first,
    end,
    inputs: inputs.refs,
    outputs,
    model: {
      program: {
        ...program,
        ops,
        constants: constants.refs.map((ref) => existing(program.constants[ref.index])),
        inputs: inputs.refs.map((ref, i) => ({
          name: `${ref.kind} ${ref.index}`,
          type: existing(typeOfRef(program, ref)),
          ...{ scale: 1, zero: 0, ingest: "tensor" },
          ...(ref.kind === "input" ? program.inputs[ref.index] : { name: `boundary ${i}` }),
        })),
        outputs: outputs.map((op) => ({
          name: `op ${op}`,
          source: { kind: "op", index: op - first },
          scale: 1,
          zero: 0,
        })),
      },
      constants: constants.refs.map((ref) => existing(model.constants[ref.index])),
    },
  };
}

/**
 * Cuts ops [first, end) into as few parts as greedy growth finds, such that each `fits`. What fits is tried on fewer ops
 * when more do not.
 * @returns the parts with what `fits` gave for each, or the index of an op that does not fit alone
 */
export function splitOps<T>(options: {
  readonly model: RunnableModel;
  readonly first: number;
  readonly end: number;
  /** What the caller needs of a part that fits, or undefined when it does not. */
  readonly fits: (part: Part) => T | undefined;
}):
  | { readonly parts: readonly { readonly part: Part; readonly value: T }[] }
  | { readonly tooLarge: number } {
  const { model, end, fits } = options;
  const parts: { part: Part; value: T }[] = [];
  for (let from = options.first; from < end; ) {
    const found = longest(from, end, (to) => {
      const part = partOf(model, from, to);
      const value = fits(part);
      return value === undefined ? undefined : { part, value };
    });
    if (found === undefined) return { tooLarge: from };
    parts.push(found);
    from = found.part.end;
  }
  return { parts };
}

/** Result of `attempt` for the largest `to` in (from, end] that a bisection finds, or undefined when even from + 1 fails. */
function longest<T>(from: number, end: number, attempt: (to: number) => T | undefined): T | undefined {
  let best = attempt(end);
  if (best !== undefined) return best;
  let low = from;
  let high = end;
  while (high - low > 1) {
    const middle = low + Math.ceil((high - low) / 2);
    const found = attempt(middle);
    if (found === undefined) high = middle;
    else {
      best = found;
      low = middle;
    }
    if (low === from && high - low === 1) break;
  }
  return best;
}

/** Ops in [first, end) that ops from `end` on or the program's outputs read, ascending. */
function readLater(program: Program, first: number, end: number): number[] {
  const wanted = new Set<number>();
  const note = ({ kind, index }: Ref): void => {
    if (kind === "op" && index >= first && index < end) wanted.add(index);
  };
  for (const op of program.ops.slice(end)) op.operands.forEach(note);
  for (const { source } of program.outputs) note(source);
  return [...wanted].sort((a, b) => a - b);
}

function numbering(): { readonly refs: Ref[]; readonly of: (ref: Ref) => number } {
  const refs: Ref[] = [];
  const numbers = new Map<string, number>();
  return {
    refs,
    of: (ref) => {
      const key = `${ref.kind} ${ref.index}`;
      let number = numbers.get(key);
      if (number === undefined) {
        number = refs.push(ref) - 1;
        numbers.set(key, number);
      }
      return number;
    },
  };
}

function existing<T>(value: T | undefined): T {
  if (value !== undefined) return value;
  throw new RangeError("a dangling reference: the model was not validated");
}
