/** random (AssemblyScript): Philox-4x32-10 (Salmon et al., SC 2011); words in plan/format.ts. */
import { refAddress, refDtype, storeElement, word } from "./step";

const Y: i32 = 4;
const SEED: i32 = 7;
const COUNT: i32 = 10;
const STREAM: i32 = 11;

const M0: u64 = 0xd2511f53;
const M1: u64 = 0xcd9e8d57;
/** Added to the key between rounds. */
const W0: u32 = 0x9e3779b9;
const W1: u32 = 0xbb67ae85;
const ROUNDS: i32 = 10;

/** One step of `random`, or this thread's share of its blocks of four elements. */
export function random(step: usize, thread: i32, threads: i32): void {
  const seed = refAddress(step, SEED);
  const count = word(step, COUNT);
  const blocks = (<i64>count + 3) / 4;
  const end = (blocks * <i64>(thread + 1)) / <i64>threads;
  for (let block = (blocks * <i64>thread) / <i64>threads; block < end; block++) {
    writeBlock(step, seed, <u32>block, <i32>block * 4, min(4, count - <i32>block * 4));
  }
}

/** Elements [first, first + n) of y: words of one block; of i16 their upper halves. */
function writeBlock(step: usize, seed: usize, block: u32, first: i32, n: i32): void {
  let c0 = block;
  let c1 = <u32>word(step, STREAM);
  let c2 = load<u32>(seed, 8);
  let c3 = load<u32>(seed, 12);
  let k0 = load<u32>(seed);
  let k1 = load<u32>(seed, 4);
  for (let round = 0; round < ROUNDS; round++) {
    const left = M0 * <u64>c0;
    const right = M1 * <u64>c2;
    c0 = <u32>(right >> 32) ^ c1 ^ k0;
    c1 = <u32>right;
    c2 = <u32>(left >> 32) ^ c3 ^ k1;
    c3 = <u32>left;
    k0 += W0;
    k1 += W1;
  }
  const y = refAddress(step, Y);
  const dtype = refDtype(step, Y);
  const down = dtype == 1 ? 16 : 0;
  storeElement(y, dtype, first, <i32>c0 >> down);
  if (n > 1) storeElement(y, dtype, first + 1, <i32>c1 >> down);
  if (n > 2) storeElement(y, dtype, first + 2, <i32>c2 >> down);
  if (n > 3) storeElement(y, dtype, first + 3, <i32>c3 >> down);
}
