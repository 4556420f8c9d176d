/** What a run gave beside what it must give. */

import { opOf, type Program, type RunResult, shapeText, type Tensor } from "../../../../aivm/index.ts";
import { bytesToHex } from "../../../../common/bytes.ts";
import type { Expected } from "./suite.ts";

/** How a program was run: outputs only, every op kept, or every op hashed. */
export type RunKind = "plain" | "kept" | "hashed";

/** Every difference, in words; one line for each tensor or root that differs. */
export function compareRun(
  program: Program,
  run: { readonly kind: RunKind; readonly want: Expected; readonly got: RunResult },
): string[] {
  const { kind, want, got } = run;
  const found = compareTensors((i) => `output ${i} (${program.outputs[i]?.name})`, want.outputs, got.outputs);
  if (got.gas !== want.gas) found.push(`gas is ${got.gas}, not ${want.gas}`);
  const nameOf = (op: number): string => `op ${op} (${opOf(program.ops[op]?.opcode ?? 0).name})`;
  if (kind === "kept") found.push(...compareTensors(nameOf, want.ops, got.ops ?? []));
  if (kind === "hashed") found.push(...compareRoots(nameOf, want.opRoots, got.opRoots ?? []));
  return found;
}

function compareTensors(
  nameOf: (index: number) => string,
  want: readonly Tensor[],
  got: readonly Tensor[],
): string[] {
  if (want.length !== got.length) return [`${got.length} tensors, not ${want.length}`];
  return want.flatMap((tensor, i) => {
    const what = differenceOf(tensor, got[i]);
    return what === undefined ? [] : [`${nameOf(i)}: ${what}`];
  });
}

function differenceOf(want: Tensor, got: Tensor | undefined): string | undefined {
  if (got === undefined) return "missing";
  const type = `${want.dtype}${shapeText(want.shape)}`;
  const found = `${got.dtype}${shapeText(got.shape)}`;
  if (type !== found) return `${found}, not ${type}`;
  if (got.data.length !== want.data.length) return `${got.data.length} elements, not ${want.data.length}`;
  if (got.data.BYTES_PER_ELEMENT !== want.data.BYTES_PER_ELEMENT) return "elements of another width";
  const wrong: number[] = [];
  for (let i = 0; i < want.data.length; i++) if (got.data[i] !== want.data[i]) wrong.push(i);
  const [first] = wrong;
  if (first === undefined) return undefined;
  return `${wrong.length} of ${want.data.length} elements of ${type} differ, element ${first} is ${got.data[first]}, not ${want.data[first]}`;
}

function compareRoots(
  nameOf: (op: number) => string,
  want: readonly Uint8Array[],
  got: readonly Uint8Array[],
): string[] {
  if (want.length !== got.length) return [`${got.length} roots, not ${want.length}`];
  return want.flatMap((root, op) => {
    const found = bytesToHex(got[op] ?? new Uint8Array(0));
    return found === bytesToHex(root) ? [] : [`root of ${nameOf(op)} is ${found}, not ${bytesToHex(root)}`];
  });
}
