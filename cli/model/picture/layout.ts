/**
 * A layered drawing of a directed acyclic graph: every node below all that it reads, long edges led through lanes of
 * their own, neighbours as straight above each other as order and distance allow. (Sugiyama, Tagawa, Toda 1981.)
 * The same graph gives the same drawing.
 */

/** A box to place. `from` are the boxes that it reads, earlier ones only. */
export interface LayoutNode {
  readonly width: number;
  readonly from: readonly number[];
}

/** Where a box went: its centre, and its layer from the top. */
export interface Placed {
  readonly x: number;
  readonly layer: number;
}

/** Points of an edge from the reader's source to the reader, one per layer in between. */
export interface Routed {
  readonly from: number;
  readonly to: number;
  /** x per layer, from the layer of `from` to that of `to`. */
  readonly xs: readonly number[];
}

/** The drawing; x from 0 to width. */
export interface Layout {
  readonly nodes: readonly Placed[];
  readonly edges: readonly Routed[];
  readonly layers: number;
  readonly width: number;
}

/** A place in a layer: a box, or a lane of an edge that passes by. */
interface Cell {
  readonly node: number | undefined;
  readonly layer: number;
  readonly width: number;
  readonly up: number[];
  readonly down: number[];
  x: number;
}

const GAP = 22;
const LANE = 10;
const ORDER_SWEEPS = 8;
/** How far a box that reads several is drawn to the middle, x = 0. */
const MIDDLE_PULL = 0.6;
/** Odd, so that the last one goes down and leaves chains straight. */
const PLACE_SWEEPS = 25;

/** Lays out a graph. */
export function layeredLayout(nodes: readonly LayoutNode[]): Layout {
  const layerOf: number[] = [];
  for (const { from } of nodes) layerOf.push(Math.max(-1, ...from.map((i) => layerOf[i] ?? 0)) + 1);
  hoist(nodes, layerOf);
  const cells: Cell[] = nodes.map(({ width }, node) => ({
    node,
    layer: layerOf[node] ?? 0,
    width,
    up: [],
    down: [],
    x: 0,
  }));
  const paths = nodes.flatMap(({ from }, to) =>
    [...new Set(from)].map((source) => ({ from: source, to, cells: lanes(cells, source, to) })),
  );
  const layers = layersOf(cells);
  for (let sweep = 0; sweep < ORDER_SWEEPS; sweep++) order(cells, layers, sweep % 2 === 0 ? "up" : "down");
  place(cells, layers);
  const left = Math.min(...cells.map(({ x, width }) => x - width / 2));
  const right = Math.max(...cells.map(({ x, width }) => x + width / 2));
  const at = (cell: number): number => (cells[cell]?.x ?? 0) - left;
  return {
    nodes: nodes.map((_, i) => ({ x: at(i), layer: layerOf[i] ?? 0 })),
    edges: paths.map(({ from, to, cells: path }) => ({ from, to, xs: path.map(at) })),
    layers: layers.length,
    width: right - left,
  };
}

/** Boxes that read nothing sink to just above their first reader, so that no edge is longer than needed. */
function hoist(nodes: readonly LayoutNode[], layerOf: number[]): void {
  const first = nodes.map(() => Number.POSITIVE_INFINITY);
  for (const [to, { from }] of nodes.entries())
    for (const source of from) first[source] = Math.min(first[source] ?? 0, layerOf[to] ?? 0);
  for (const [i, { from }] of nodes.entries()) {
    const reader = first[i] ?? 0;
    if (from.length === 0 && Number.isFinite(reader)) layerOf[i] = reader - 1;
  }
}

/** Cells of an edge from box to box; lanes are added to `cells` for the layers in between. */
function lanes(cells: Cell[], from: number, to: number): number[] {
  const path = [from];
  const end = cells[to]?.layer ?? 0;
  for (let layer = (cells[from]?.layer ?? 0) + 1; layer < end; layer++) {
    path.push(cells.length);
    cells.push({ node: undefined, layer, width: LANE, up: [], down: [], x: 0 });
  }
  path.push(to);
  for (let i = 1; i < path.length; i++) {
    cells[path[i] ?? 0]?.up.push(path[i - 1] ?? 0);
    cells[path[i - 1] ?? 0]?.down.push(path[i] ?? 0);
  }
  return path;
}

function layersOf(cells: readonly Cell[]): number[][] {
  const layers: number[][] = [];
  for (const [i, { layer }] of cells.entries()) {
    while (layers.length <= layer) layers.push([]);
    layers[layer]?.push(i);
  }
  return layers;
}

/** Sorts every layer by the mean position of its neighbours on one side. */
function order(cells: readonly Cell[], layers: number[][], side: "up" | "down"): void {
  const position = new Map<number, number>();
  for (const layer of layers) for (const [at, cell] of layer.entries()) position.set(cell, at);
  const walk = side === "up" ? layers : [...layers].reverse();
  for (const layer of walk) {
    const key = new Map(
      layer.map((cell) => {
        const neighbours = cells[cell]?.[side] ?? [];
        const sum = neighbours.reduce((total, n) => total + (position.get(n) ?? 0), 0);
        return [cell, neighbours.length > 0 ? sum / neighbours.length : (position.get(cell) ?? 0)];
      }),
    );
    layer.sort((a, b) => (key.get(a) ?? 0) - (key.get(b) ?? 0) || a - b);
    for (const [at, cell] of layer.entries()) position.set(cell, at);
  }
}

/** x of every cell: packed to begin with, then drawn to its neighbours, above and below in turn. */
function place(cells: Cell[], layers: readonly (readonly number[])[]): void {
  for (const layer of layers) {
    const width = layer.reduce((sum, cell) => sum + (cells[cell]?.width ?? 0) + GAP, -GAP);
    let x = -width / 2;
    for (const index of layer) {
      const cell = cells[index];
      if (cell === undefined) continue;
      cell.x = x + cell.width / 2;
      x += cell.width + GAP;
    }
  }
  for (let sweep = 0; sweep < PLACE_SWEEPS; sweep++) {
    const side = sweep % 2 === 0 ? "up" : "down";
    const walk = side === "up" ? layers : [...layers].reverse();
    for (const layer of walk) align(cells, layer, side);
  }
}

/** Moves a layer's cells towards the mean of their neighbours; where they would overlap, to a common mean. */
function align(cells: Cell[], layer: readonly number[], side: "up" | "down"): void {
  interface Block {
    readonly cells: Cell[];
    /** Sum over the cells of what each wants for the block's left edge. */
    wish: number;
    width: number;
  }
  const blocks: Block[] = [];
  for (const index of layer) {
    const cell = cells[index];
    if (cell === undefined) continue;
    blocks.push({ cells: [cell], wish: wishOf(cells, cell, side) - cell.width / 2, width: cell.width });
    for (let last = blocks.at(-1), before = blocks.at(-2); last !== undefined && before !== undefined; ) {
      if (leftOf(before) + before.width + GAP <= leftOf(last)) break;
      const shift = before.width + GAP;
      before.wish += last.wish - shift * last.cells.length;
      before.cells.push(...last.cells);
      before.width += GAP + last.width;
      blocks.pop();
      last = before;
      before = blocks.at(-2);
    }
  }
  for (const block of blocks) {
    let x = leftOf(block);
    for (const cell of block.cells) {
      cell.x = x + cell.width / 2;
      x += cell.width + GAP;
    }
  }
}

function leftOf(block: { readonly cells: readonly unknown[]; readonly wish: number }): number {
  return block.wish / block.cells.length;
}

/** Under its only neighbour; where several meet, between their mean and the middle of the drawing, so that nothing drifts. */
function wishOf(cells: readonly Cell[], cell: Cell, side: "up" | "down"): number {
  const near = cell[side];
  if (near.length === 0) return cell.x;
  const mean = near.reduce((sum, index) => sum + (cells[index]?.x ?? 0), 0) / near.length;
  return near.length === 1 ? mean : mean * (1 - MIDDLE_PULL);
}
