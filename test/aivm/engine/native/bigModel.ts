/** A generated model whose weights are far larger than anything else in a process. */
import {
  elementCount,
  encodeArtifact,
  type OpDescriptor,
  type Program,
  type Ref,
  type Tensor,
  tensorType,
} from "../../../../aivm/index.ts";
import { programOf } from "../../support/models.ts";

const WIDTH = 2048;
const LAYERS = 10;
const ROWS = 64;

/** Artifact of ten dense layers of 2,048 x 2,048 i8 weights: 42 MB. */
export function bigArtifact(): Uint8Array {
  const types = Array.from({ length: LAYERS }, () => [
    tensorType("i8", [WIDTH, WIDTH]),
    tensorType("i32", [WIDTH], { lo: -1000, hi: 1000 }),
    tensorType("i32", [WIDTH], { lo: 1, hi: 1000 }),
    tensorType("i8", [WIDTH], { lo: 20, hi: 20 }),
  ]).flat();
  const constants = types.map((type, i): Tensor => {
    const { dtype, shape } = type;
    const count = elementCount(shape);
    const data = dtype === "i8" ? new Int8Array(count) : new Int32Array(count);
    const span = type.hi - type.lo + 1;
    for (let j = 0, state = i; j < count; j++) {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      data[j] = type.lo + ((state >>> 8) % span);
    }
    return { dtype, shape, data };
  });
  return encodeArtifact(programWith(types), constants);
}

function programWith(constants: Program["constants"]): Program {
  const image = tensorType("i8", [ROWS, WIDTH]);
  const ops = Array.from({ length: LAYERS }, (_, layer): OpDescriptor => {
    const before: Ref = layer === 0 ? { kind: "input", index: 0 } : { kind: "op", index: layer - 1 };
    const own = [0, 1, 2, 3].map((i): Ref => ({ kind: "const", index: 4 * layer + i }));
    return { opcode: 2, operands: [before, ...own], output: image, attrs: [0] };
  });
  return programOf({ inputs: [image], constants, ops });
}
