/** Roots of a run's outputs, computed while it goes on (AssemblyScript). */
import { hashTensor } from "./sha256/tensor";
import { follow } from "./team";

/** u32 words of an entry: steps that must be finished, address, elements, dtype, address of the root. */
const ENTRY_BYTES: usize = 20;

/**
 * Writes tensorRoot of each of `count` tensors, 32 bytes, to its place. With `control`, waits for each until the run
 * that reports there has finished it; entries are in the order of the steps.
 */
export function hashOps(table: usize, count: i32, control: usize, scratch: usize): void {
  for (let i = 0; i < count; i++) {
    const entry = table + <usize>i * ENTRY_BYTES;
    if (control != 0) follow(control, load<i32>(entry));
    // A view in the order of what it views has the same bytes, and in most plans comes right behind it.
    const before = entry - ENTRY_BYTES;
    if (i > 0 && load<u32>(entry, 4) == load<u32>(before, 4) && load<u64>(entry, 8) == load<u64>(before, 8)) {
      memory.copy(load<u32>(entry, 16), load<u32>(before, 16), 32);
      continue;
    }
    hashTensor(load<u32>(entry, 4), load<i32>(entry, 12), load<i32>(entry, 8), load<u32>(entry, 16), scratch);
  }
}
