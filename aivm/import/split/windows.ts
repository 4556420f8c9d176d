/**
 * Pools over large windows: a window over the whole image becomes a reduction along rows, any other one several windows
 * over parts of it. Exact: maxima are, and so are the partial sums of an average (at most 2^14 values of 17 bits).
 */
import { avgPoolAttrs } from "../../ops/avgPool2d.ts";
import { maxPoolAttrs } from "../../ops/maxPool2d.ts";
import type { OpNode } from "../../ops/op.ts";
import { type Window, windowGeometry } from "../../ops/window.ts";
import type { TensorType } from "../../tensor/tensor.ts";
import { maxRows, type Splitter, sumRows } from "./reduce.ts";
import {
  columnsOf,
  fits,
  nodeFor,
  type Piece,
  padded,
  type Rewrite,
  reshaped,
  rowsAlong,
  sliced,
  spreadFrom,
  write,
} from "./rewrite.ts";

/** Most tensors that one concat joins. */
const MOST_PIECES = 256;

/** Rows [top, bottom) and columns [left, right) of a window. */
export interface KernelBox {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

/** maxPool2d. */
export const splitMaxPool: Splitter = (r, node, [x]) => {
  if (x === undefined) return undefined;
  const { output } = node.descriptor;
  const window = windowGeometry(node, maxPoolAttrs(node));
  const rows = globalRows(r, x, { window, attrs: node.descriptor.attrs });
  if (rows !== undefined) return finished(r, maxRows(r, rows, output), output);
  const pieces = windowPieces(r, x, {
    window,
    pads: node.descriptor.attrs.slice(4, 8),
    value: output.lo,
    nodeOf: (seen, box) =>
      poolNode("maxPool2d", seen, {
        window,
        box,
        output: { ...seen.type, lo: output.lo, hi: output.hi },
        rest: [window.dilationH, window.dilationW],
      }),
  });
  return pieces && finished(r, maxRows(r, columnsOf(r, pieces), output), output);
};

/** avgPool2d. */
export const splitAvgPool: Splitter = (r, node, [x]) => {
  if (x === undefined) return undefined;
  const { output, attrs } = node.descriptor;
  const window = windowGeometry(node, avgPoolAttrs(node));
  const [zeroX = 0, multiplier = 0, shift = 0, zero = 0] = attrs.slice(8);
  const scaling = { multiplier, shift, zero };
  const rows = globalRows(r, x, { window, attrs });
  if (rows !== undefined) return finished(r, sumRows(r, rows, { zeroX, scaling, output }), output);
  const pieces = windowPieces(r, x, {
    window,
    pads: attrs.slice(4, 8),
    value: zeroX,
    nodeOf(seen, box) {
      const limit = (box.bottom - box.top) * (box.right - box.left) * spreadFrom(seen.type, zeroX);
      const sum = { dtype: "i32" as const, shape: [], lo: -limit, hi: limit };
      return poolNode("avgPool2d", seen, { window, box, output: sum, rest: [zeroX, 1, 0, 0] });
    },
  });
  return pieces && finished(r, sumRows(r, columnsOf(r, pieces), { zeroX: 0, scaling, output }), output);
};

/** The image as rows [N x C, H x W] where the window is all of it. */
function globalRows(
  r: Rewrite,
  x: Piece,
  of: { readonly window: Window; readonly attrs: readonly number[] },
): Piece | undefined {
  const { window: w, attrs } = of;
  const unpadded = attrs.slice(4, 8).every((count) => count === 0);
  const whole = w.kernelH === w.height && w.kernelW === w.width && w.dilationH === 1 && w.dilationW === 1;
  if (!whole || !unpadded) return undefined;
  return rowsAlong(r, reshaped(r, x, [w.batch, w.height * w.width, w.channels]), 1);
}

function finished(r: Rewrite, y: Piece | undefined, output: TensorType): Piece | undefined {
  return y && reshaped(r, y, output.shape);
}

/** What a box of the window sees of an image that has its padding: [N, rows, columns, C]. */
export function boxExtent(
  w: Window,
  box: KernelBox,
): { readonly starts: readonly number[]; readonly sizes: readonly number[] } {
  const [rows, columns] = [box.bottom - box.top, box.right - box.left];
  return {
    starts: [0, box.top * w.dilationH, box.left * w.dilationW, 0],
    sizes: [
      w.batch,
      (w.outHeight - 1) * w.strideH + (rows - 1) * w.dilationH + 1,
      (w.outWidth - 1) * w.strideW + (columns - 1) * w.dilationW + 1,
      w.channels,
    ],
  };
}

/** A pool over a box of the window, no padding; `rest` are its attributes behind the pads. */
function poolNode(
  name: string,
  seen: Piece,
  of: {
    readonly window: Window;
    readonly box: KernelBox;
    readonly output: TensorType;
    readonly rest: readonly number[];
  },
): OpNode {
  const { window: w, box } = of;
  const shape = [w.batch, w.outHeight, w.outWidth, w.channels];
  const kernel = [box.bottom - box.top, box.right - box.left];
  const attrs = [...kernel, w.strideH, w.strideW, 0, 0, 0, 0, ...of.rest];
  return nodeFor(name, { operands: [seen], output: { ...of.output, shape }, attrs });
}

/** The window as pools over parts of it, halved until each fits. */
function windowPieces(
  r: Rewrite,
  x: Piece,
  of: {
    readonly window: Window;
    readonly pads: readonly number[];
    readonly value: number;
    readonly nodeOf: (seen: Piece, box: KernelBox) => OpNode;
  },
): Piece[] | undefined {
  const { window, pads, value, nodeOf } = of;
  const [top = 0, left = 0, bottom = 0, right = 0] = pads;
  const image = padded(r, x, { before: [0, top, left, 0], after: [0, bottom, right, 0], value });
  if (image === undefined) return undefined;
  const seenBy = (box: KernelBox): Piece => ({
    ref: image.ref,
    type: { ...image.type, shape: boxExtent(window, box).sizes },
  });
  const all = { top: 0, bottom: window.kernelH, left: 0, right: window.kernelW };
  const boxes = halved(all, (box) => fits(r, nodeOf(seenBy(box), box)));
  if (boxes === undefined || boxes.length > MOST_PIECES) return undefined;
  return boxes.map((box) => write(r, nodeOf(sliced(r, image, boxExtent(window, box)), box)));
}

/** The box in parts that satisfy `enough`, longer side first; undefined when a single position does not. */
export function halved(box: KernelBox, enough: (box: KernelBox) => boolean): KernelBox[] | undefined {
  if (enough(box)) return [box];
  const [rows, columns] = [box.bottom - box.top, box.right - box.left];
  if (rows * columns === 1) return undefined;
  const row = box.top + Math.ceil(rows / 2);
  const column = box.left + Math.ceil(columns / 2);
  const parts =
    rows >= columns
      ? [
          { ...box, bottom: row },
          { ...box, top: row },
        ]
      : [
          { ...box, right: column },
          { ...box, left: column },
        ];
  const found = parts.map((part) => halved(part, enough));
  const [first, second] = found;
  return first && second && [...first, ...second];
}
