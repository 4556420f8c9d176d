/** What `aivm model inspect` shows of an artifact: every op with its types, real range, cost and memory; constants; ends. */
import {
  DTYPE_BYTES,
  elementCount,
  type LoadedModel,
  nodeOf,
  type OpDescriptor,
  opGas,
  opOf,
  type Program,
  type Ref,
  type TensorType,
} from "../../aivm/index.ts";

/** real = scale x (q - zero). */
export interface RealScale {
  readonly scale: number;
  readonly zero: number;
}

/** One op. */
export interface ListedOp {
  readonly op: number;
  readonly name: string;
  readonly operands: readonly Ref[];
  readonly type: TensorType;
  /** Real values of both ends of the range, where the metadata tells a scale. */
  readonly real: readonly [number, number] | undefined;
  readonly gas: bigint;
  /** Of the whole program's gas, in [0, 1]. */
  readonly gasShare: number;
  readonly outputBytes: number;
  /** Bytes of the outputs of this op and all before it. */
  readonly cumulativeBytes: number;
  readonly constantBytes: number;
}

/** One constant. */
export interface ListedConstant {
  readonly constant: number;
  readonly type: TensorType;
  readonly bytes: number;
  /** Ops that read it. */
  readonly readers: readonly number[];
}

/** One end of the program. */
export interface ListedPort {
  readonly name: string;
  readonly type: TensorType;
  readonly scale: number;
  readonly zero: number;
  readonly source: Ref;
}

/** The whole artifact. */
export interface Listing {
  readonly inputs: readonly ListedPort[];
  readonly outputs: readonly ListedPort[];
  readonly ops: readonly ListedOp[];
  readonly constants: readonly ListedConstant[];
  readonly card: readonly (readonly [string, string])[];
}

/** Listing of a model. */
export function listModel(model: LoadedModel): Listing {
  const { program } = model;
  const scales = realScales(program);
  let cumulativeBytes = 0;
  const ops = program.ops.map((descriptor, op): ListedOp => {
    const { opcode, operands, output } = descriptor;
    const gas = opGas(nodeOf(program, descriptor));
    const outputBytes = bytesOf(output);
    cumulativeBytes += outputBytes;
    return {
      op,
      name: opOf(opcode).name,
      operands,
      type: output,
      real: realRange(output, scales[op]),
      gas,
      gasShare: Number((gas * 1_000_000n) / (model.vmGas === 0n ? 1n : model.vmGas)) / 1_000_000,
      outputBytes,
      cumulativeBytes,
      constantBytes: constantBytes(program, descriptor),
    };
  });
  return {
    ops,
    constants: program.constants.map((type, constant) => ({
      constant,
      type,
      bytes: bytesOf(type),
      readers: program.ops.flatMap(({ operands }, op) =>
        operands.some((ref) => ref.kind === "const" && ref.index === constant) ? [op] : [],
      ),
    })),
    inputs: program.inputs.map((port, index) => ({ ...port, source: { kind: "input", index } })),
    outputs: program.outputs.flatMap((port) => {
      const type = program.ops[port.source.index]?.output;
      return type === undefined ? [] : [{ ...port, type }];
    }),
    card: cardRows(program.card),
  };
}

/** Real values at both ends of a type's range; undefined without a scale. */
export function realRange(
  type: TensorType,
  scale: RealScale | undefined,
): readonly [number, number] | undefined {
  if (scale === undefined) return undefined;
  return [scale.scale * (type.lo - scale.zero), scale.scale * (type.hi - scale.zero)];
}

/** The rule from stored numbers to real ones, for people. */
export function scaleText({ scale, zero }: RealScale): string {
  const shifted = zero === 0 ? "q" : `(q ${zero < 0 ? "+" : "-"} ${Math.abs(zero)})`;
  return `real = ${Number(scale.toPrecision(6))} x ${shifted}`;
}

/** The card's figures as rows; a card that is no flat JSON object is one row. */
export function cardRows(card: string): readonly (readonly [string, string])[] {
  if (card === "") return [];
  try {
    const value: unknown = JSON.parse(card);
    if (typeof value === "object" && value !== null && !Array.isArray(value))
      return Object.entries(value).map(([key, item]) => [
        key,
        typeof item === "object" ? JSON.stringify(item) : String(item),
      ]);
  } catch {
    // Not JSON: shown as it is.
  }
  return [["card", card]];
}

/** Ops that pass values on unchanged, by their first operand: a scale holds on both sides of them. */
const PASSING: ReadonlySet<string> = new Set([
  "reshape",
  "transpose",
  "slice",
  "pad",
  "expand",
  "gather",
  "concat",
  "maxPool2d",
  "maxReduce",
]);

/** Scale of each op's output where the ports tell it: at the ends, and across ops that only pass values on. */
function realScales(program: Program): (RealScale | undefined)[] {
  const scales = program.ops.map((): RealScale | undefined => undefined);
  for (const { source, scale, zero } of program.outputs) scales[source.index] = { scale, zero };
  const passes = (op: OpDescriptor): boolean => PASSING.has(opOf(op.opcode).name);
  for (const [i, op] of [...program.ops.entries()].reverse()) {
    const [first] = op.operands;
    if (passes(op) && first?.kind === "op") scales[first.index] ??= scales[i];
  }
  for (const [i, op] of program.ops.entries()) {
    const [first] = op.operands;
    if (!passes(op) || first === undefined || first.kind === "const") continue;
    scales[i] ??= first.kind === "input" ? program.inputs[first.index] : scales[first.index];
  }
  return scales;
}

function constantBytes(program: Program, descriptor: OpDescriptor): number {
  return descriptor.operands.reduce((sum, ref) => {
    const type = ref.kind === "const" ? program.constants[ref.index] : undefined;
    return type === undefined ? sum : sum + bytesOf(type);
  }, 0);
}

function bytesOf(type: TensorType): number {
  return elementCount(type.shape) * DTYPE_BYTES[type.dtype];
}
