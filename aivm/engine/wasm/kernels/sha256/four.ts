/**
 * SHA-256 of four messages at a time (AssemblyScript): a lane of each vector is one message. The messages have a prefix
 * of one byte and a length that is a multiple of 64, as the leaves and nodes of our trees do: so word j of a message is
 * the four bytes that begin one byte before its word j, and the last block holds its last byte alone.
 */
import { ROUND_CONSTANTS } from "./constants";

/** Bytes of scratch that hashFour takes: the 16 words of a block, and the state between blocks. */
export const FOUR_BYTES: usize = 384;

/** Blocks of one message of `length` bytes behind its prefix. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
export function blocksOf(length: i32): i32 {
  return (length >> 6) + 1;
}

/**
 * Hashes of prefix || message for messages of `length` bytes, a multiple of 64 and at least 64, at m0 to m3; 32 bytes
 * each, one behind the other at `out`. The byte before each message is read, and its value does not matter.
 */
export function hashFour(out: usize, prefix: i32, m0: usize, m1: usize, m2: usize, m3: usize, length: i32, scratch: usize): void {
  startFour(scratch);
  for (let at = 0; at < length; at += 64) {
    loadFour(scratch, m0 + at - 1, m1 + at - 1, m2 + at - 1, m3 + at - 1);
    if (at == 0) replaceFirstByte(scratch, prefix);
    compressFour(scratch);
  }
  loadLast(scratch, m0 + length - 1, m1 + length - 1, m2 + length - 1, m3 + length - 1, length);
  compressFour(scratch);
  storeFour(out, scratch);
}

/** Where the state lies, behind the words. */
const STATE: usize = 256;

function startFour(scratch: usize): void {
  v128.store(scratch, i32x4.splat(0x6a09e667), STATE + 0);
  v128.store(scratch, i32x4.splat(0xbb67ae85), STATE + 16);
  v128.store(scratch, i32x4.splat(0x3c6ef372), STATE + 32);
  v128.store(scratch, i32x4.splat(0xa54ff53a), STATE + 48);
  v128.store(scratch, i32x4.splat(0x510e527f), STATE + 64);
  v128.store(scratch, i32x4.splat(0x9b05688c), STATE + 80);
  v128.store(scratch, i32x4.splat(0x1f83d9ab), STATE + 96);
  v128.store(scratch, i32x4.splat(0x5be0cd19), STATE + 112);
}

/** Words of a block of each message, big-endian. */
function loadFour(scratch: usize, m0: usize, m1: usize, m2: usize, m3: usize): void {
  let i: usize = 0;
  do {
    const a = v128.load(m0 + i);
    const b = v128.load(m1 + i);
    const c = v128.load(m2 + i);
    const d = v128.load(m3 + i);
    const even0 = v128.shuffle<i32>(a, c, 0, 4, 1, 5);
    const odd0 = v128.shuffle<i32>(b, d, 0, 4, 1, 5);
    const even1 = v128.shuffle<i32>(a, c, 2, 6, 3, 7);
    const odd1 = v128.shuffle<i32>(b, d, 2, 6, 3, 7);
    const words = scratch + 4 * i;
    v128.store(words, swapped(v128.shuffle<i32>(even0, odd0, 0, 4, 1, 5)));
    v128.store(words, swapped(v128.shuffle<i32>(even0, odd0, 2, 6, 3, 7)), 16);
    v128.store(words, swapped(v128.shuffle<i32>(even1, odd1, 0, 4, 1, 5)), 32);
    v128.store(words, swapped(v128.shuffle<i32>(even1, odd1, 2, 6, 3, 7)), 48);
    i += 16;
  } while (i < 64);
}

/** Bytes of each word in the other order. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function swapped(words: v128): v128 {
  return i8x16.swizzle(words, i8x16(3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12));
}

function replaceFirstByte(scratch: usize, prefix: i32): void {
  const rest = v128.and(v128.load(scratch), i32x4.splat(0x00ffffff));
  v128.store(scratch, v128.or(rest, i32x4.splat(prefix << 24)));
}

/** The last block: each message's last byte, the bit that ends it, and its length in bits. */
function loadLast(scratch: usize, m0: usize, m1: usize, m2: usize, m3: usize, length: i32): void {
  store<i32>(scratch, endWord(m0));
  store<i32>(scratch, endWord(m1), 4);
  store<i32>(scratch, endWord(m2), 8);
  store<i32>(scratch, endWord(m3), 12);
  for (let i: usize = 16; i < 240; i += 16) v128.store(scratch + i, i32x4.splat(0));
  v128.store(scratch, i32x4.splat((length + 1) << 3), 240);
}

// @ts-expect-error: a decorator of AssemblyScript
@inline
function endWord(last: usize): i32 {
  return (<i32>load<u8>(last) << 24) | 0x00800000;
}

function storeFour(out: usize, scratch: usize): void {
  for (let i: usize = 0; i < 32; i += 16) {
    const state = scratch + STATE + 4 * i;
    const a = v128.load(state);
    const b = v128.load(state, 16);
    const c = v128.load(state, 32);
    const d = v128.load(state, 48);
    const even0 = v128.shuffle<i32>(a, c, 0, 4, 1, 5);
    const odd0 = v128.shuffle<i32>(b, d, 0, 4, 1, 5);
    const even1 = v128.shuffle<i32>(a, c, 2, 6, 3, 7);
    const odd1 = v128.shuffle<i32>(b, d, 2, 6, 3, 7);
    v128.store(out + i, swapped(v128.shuffle<i32>(even0, odd0, 0, 4, 1, 5)));
    v128.store(out + i, swapped(v128.shuffle<i32>(even0, odd0, 2, 6, 3, 7)), 32);
    v128.store(out + i, swapped(v128.shuffle<i32>(even1, odd1, 0, 4, 1, 5)), 64);
    v128.store(out + i, swapped(v128.shuffle<i32>(even1, odd1, 2, 6, 3, 7)), 96);
  }
}

// @ts-expect-error: a decorator of AssemblyScript
@inline
function turned(x: v128, by: i32): v128 {
  return v128.or(i32x4.shr_u(x, by), i32x4.shl(x, 32 - by));
}

// @ts-expect-error: a decorator of AssemblyScript
@inline
function bigSigma0(x: v128): v128 {
  return v128.xor(v128.xor(turned(x, 2), turned(x, 13)), turned(x, 22));
}

// @ts-expect-error: a decorator of AssemblyScript
@inline
function bigSigma1(x: v128): v128 {
  return v128.xor(v128.xor(turned(x, 6), turned(x, 11)), turned(x, 25));
}

// @ts-expect-error: a decorator of AssemblyScript
@inline
function smallSigma0(x: v128): v128 {
  return v128.xor(v128.xor(turned(x, 7), turned(x, 18)), i32x4.shr_u(x, 3));
}

// @ts-expect-error: a decorator of AssemblyScript
@inline
function smallSigma1(x: v128): v128 {
  return v128.xor(v128.xor(turned(x, 17), turned(x, 19)), i32x4.shr_u(x, 10));
}

/** What a round adds to d and, with sumOf, makes the new a. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function firstTerm(e: v128, f: v128, g: v128, h: v128, word: v128, constant: usize): v128 {
  const choice = v128.xor(g, v128.and(e, v128.xor(f, g)));
  const known = i32x4.add(h, i32x4.add(word, v128.load32_splat(constant)));
  return i32x4.add(i32x4.add(known, choice), bigSigma1(e));
}

// @ts-expect-error: a decorator of AssemblyScript
@inline
function secondTerm(a: v128, b: v128, c: v128): v128 {
  const majority = v128.xor(b, v128.and(v128.xor(b, a), v128.xor(b, c)));
  return i32x4.add(bigSigma0(a), majority);
}

/** Word i + 16 of the schedule, put where word i was. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function nextWord(words: usize, i: usize): v128 {
  const far = i32x4.add(v128.load(words + 16 * i), v128.load(words + 16 * ((i + 9) & 15)));
  const near = i32x4.add(smallSigma0(v128.load(words + 16 * ((i + 1) & 15))), smallSigma1(v128.load(words + 16 * ((i + 14) & 15))));
  const word = i32x4.add(far, near);
  v128.store(words + 16 * i, word);
  return word;
}

/** One block, its words at `scratch`. Eight rounds at a time, so that the names of the state turn once. */
function compressFour(scratch: usize): void {
  const state = scratch + STATE;
  let a = v128.load(state, 0);
  let b = v128.load(state, 16);
  let c = v128.load(state, 32);
  let d = v128.load(state, 48);
  let e = v128.load(state, 64);
  let f = v128.load(state, 80);
  let g = v128.load(state, 96);
  let h = v128.load(state, 112);
  let t: v128;
  let constant = ROUND_CONSTANTS;
  for (let i: usize = 0; i < 256; i += 128) {
    t = firstTerm(e, f, g, h, v128.load(scratch + i, 0), constant + 0);
    d = i32x4.add(d, t);
    h = i32x4.add(t, secondTerm(a, b, c));
    t = firstTerm(d, e, f, g, v128.load(scratch + i, 16), constant + 4);
    c = i32x4.add(c, t);
    g = i32x4.add(t, secondTerm(h, a, b));
    t = firstTerm(c, d, e, f, v128.load(scratch + i, 32), constant + 8);
    b = i32x4.add(b, t);
    f = i32x4.add(t, secondTerm(g, h, a));
    t = firstTerm(b, c, d, e, v128.load(scratch + i, 48), constant + 12);
    a = i32x4.add(a, t);
    e = i32x4.add(t, secondTerm(f, g, h));
    t = firstTerm(a, b, c, d, v128.load(scratch + i, 64), constant + 16);
    h = i32x4.add(h, t);
    d = i32x4.add(t, secondTerm(e, f, g));
    t = firstTerm(h, a, b, c, v128.load(scratch + i, 80), constant + 20);
    g = i32x4.add(g, t);
    c = i32x4.add(t, secondTerm(d, e, f));
    t = firstTerm(g, h, a, b, v128.load(scratch + i, 96), constant + 24);
    f = i32x4.add(f, t);
    b = i32x4.add(t, secondTerm(c, d, e));
    t = firstTerm(f, g, h, a, v128.load(scratch + i, 112), constant + 28);
    e = i32x4.add(e, t);
    a = i32x4.add(t, secondTerm(b, c, d));
    constant += 32;
  }
  for (let i: usize = 0; i < 48; i += 8) {
    const half = i & 8;
    t = firstTerm(e, f, g, h, nextWord(scratch, half + 0), constant + 0);
    d = i32x4.add(d, t);
    h = i32x4.add(t, secondTerm(a, b, c));
    t = firstTerm(d, e, f, g, nextWord(scratch, half + 1), constant + 4);
    c = i32x4.add(c, t);
    g = i32x4.add(t, secondTerm(h, a, b));
    t = firstTerm(c, d, e, f, nextWord(scratch, half + 2), constant + 8);
    b = i32x4.add(b, t);
    f = i32x4.add(t, secondTerm(g, h, a));
    t = firstTerm(b, c, d, e, nextWord(scratch, half + 3), constant + 12);
    a = i32x4.add(a, t);
    e = i32x4.add(t, secondTerm(f, g, h));
    t = firstTerm(a, b, c, d, nextWord(scratch, half + 4), constant + 16);
    h = i32x4.add(h, t);
    d = i32x4.add(t, secondTerm(e, f, g));
    t = firstTerm(h, a, b, c, nextWord(scratch, half + 5), constant + 20);
    g = i32x4.add(g, t);
    c = i32x4.add(t, secondTerm(d, e, f));
    t = firstTerm(g, h, a, b, nextWord(scratch, half + 6), constant + 24);
    f = i32x4.add(f, t);
    b = i32x4.add(t, secondTerm(c, d, e));
    t = firstTerm(f, g, h, a, nextWord(scratch, half + 7), constant + 28);
    e = i32x4.add(e, t);
    a = i32x4.add(t, secondTerm(b, c, d));
    constant += 32;
  }
  v128.store(state, i32x4.add(a, v128.load(state, 0)), 0);
  v128.store(state, i32x4.add(b, v128.load(state, 16)), 16);
  v128.store(state, i32x4.add(c, v128.load(state, 32)), 32);
  v128.store(state, i32x4.add(d, v128.load(state, 48)), 48);
  v128.store(state, i32x4.add(e, v128.load(state, 64)), 64);
  v128.store(state, i32x4.add(f, v128.load(state, 80)), 80);
  v128.store(state, i32x4.add(g, v128.load(state, 96)), 96);
  v128.store(state, i32x4.add(h, v128.load(state, 112)), 112);
}
