/** All stores of the chain at one point of execution, branched as a whole. */
import { createOverlay, type Overlay, type RawStore } from "./overlay.ts";

/** Merkleised and bulk stores by name. */
export interface Stores {
  store(name: string): RawStore;
  bulk(name: string): RawStore;
}

/** Uncommitted changes over all stores. */
export interface Branch extends Stores {
  /** Writes every change down into what it was branched from. */
  flush(): void;
}

/** A branch over `parent`; overlays are made when a store is first touched. */
export function branchOf(parent: Stores): Branch {
  const stores = new Map<string, Overlay>();
  const bulks = new Map<string, Overlay>();
  return {
    store: (name) => overlayIn(stores, name, () => parent.store(name)),
    bulk: (name) => overlayIn(bulks, name, () => parent.bulk(name)),
    flush: () => {
      for (const overlay of stores.values()) overlay.flush();
      for (const overlay of bulks.values()) overlay.flush();
    },
  };
}

function overlayIn(overlays: Map<string, Overlay>, name: string, parent: () => RawStore): Overlay {
  const found = overlays.get(name);
  if (found !== undefined) return found;
  const made = createOverlay(parent());
  overlays.set(name, made);
  return made;
}
