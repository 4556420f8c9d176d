// Random dense steps with their operands, and what they give by the definition, in 64-bit integers.
#pragma once
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

#include "../src/dense.h"

namespace densetest {

using Bytes = std::vector<uint8_t>;

// A small generator whose values are the same on every machine.
struct Random {
  uint64_t state;
  uint64_t next() {
    state += 0x9e3779b97f4a7c15u;
    uint64_t z = state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  int64_t in(int64_t lo, int64_t hi) { return lo + static_cast<int64_t>(next() % static_cast<uint64_t>(hi - lo + 1)); }
  template <size_t N>
  int64_t of(const int64_t (&values)[N]) { return values[next() % N]; }
  bool one(int64_t in_) { return in(1, in_) == 1; }
};

inline int64_t lowest(int dtype) { return dtype == 0 ? -128 : dtype == 1 ? -32768 : INT32_MIN; }
inline int64_t highest(int dtype) { return -lowest(dtype) - 1; }

inline int64_t get(const uint8_t* data, int dtype, int64_t i) {
  if (dtype == 0) return reinterpret_cast<const int8_t*>(data)[i];
  if (dtype == 1) return reinterpret_cast<const int16_t*>(data)[i];
  return reinterpret_cast<const int32_t*>(data)[i];
}
inline void put(uint8_t* data, int dtype, int64_t i, int64_t value) {
  if (dtype == 0) reinterpret_cast<int8_t*>(data)[i] = static_cast<int8_t>(value);
  else if (dtype == 1) reinterpret_cast<int16_t*>(data)[i] = static_cast<int16_t>(value);
  else reinterpret_cast<int32_t*>(data)[i] = static_cast<int32_t>(value);
}

// n / 2^s, a tie to the even.
inline int64_t rne(__int128 n, int s) {
  if (s == 0) return static_cast<int64_t>(n);
  const __int128 one = static_cast<__int128>(1) << s, q = n >> s, r = n - q * one, half = one / 2;
  return static_cast<int64_t>(r > half || (r == half && (q & 1)) ? q + 1 : q);
}
inline int64_t clampTo(int64_t v, int64_t lo, int64_t hi) { return v < lo ? lo : v > hi ? hi : v; }

// n / d, a tie to the even; d is not 0.
inline int64_t divideEven(__int128 n, __int128 d) {
  if (d < 0) n = -n, d = -d;
  __int128 q = n / d, r = n % d;
  if (r < 0) q--, r += d;
  return static_cast<int64_t>(2 * r > d || (2 * r == d && (q & 1)) ? q + 1 : q);
}

// Memory of exactly so many bytes, aligned to 64, so that a sanitizer sees what is read or written beyond it.
struct Block {
  uint8_t* data = nullptr;
  Block() = default;
  explicit Block(size_t bytes) {
    void* at = nullptr;
    if (posix_memalign(&at, 64, bytes ? bytes : 1) != 0) abort();
    data = static_cast<uint8_t*>(at);
    memset(data, 0xa5, bytes);
  }
  Block(Block&& from) noexcept : data(from.data) { from.data = nullptr; }
  Block& operator=(Block&& from) noexcept {
    std::swap(data, from.data);
    return *this;
  }
  ~Block() { free(data); }
};

// A run's arena and constants. Buffers have exact sizes, the arena ends with the slack that dense.h asks for.
struct World {
  Block arenaBlock;
  uint8_t* arena = nullptr;
  size_t arenaBytes = 0;
  std::vector<Block> blocks;
  std::vector<const uint8_t*> constants;

  size_t reserve(size_t bytes) {
    const size_t at = arenaBytes;
    arenaBytes += (bytes + 63) / 64 * 64;
    return at / 64;
  }
  void build() {
    arenaBlock = Block(arenaBytes + aivm::DENSE_SLACK);
    arena = arenaBlock.data;
  }
  uint8_t* constant(size_t bytes) {
    blocks.emplace_back(bytes);
    constants.push_back(blocks.back().data);
    return blocks.back().data;
  }
};

// Values: mostly random, often the ends of the range, sometimes all at one end.
inline void fill(Random& random, uint8_t* data, int dtype, int64_t n, int64_t lo, int64_t hi) {
  const int style = static_cast<int>(random.in(0, 5));
  for (int64_t i = 0; i < n; i++) {
    int64_t v = random.in(lo, hi);
    if (style == 0) v = lo;
    if (style == 1) v = random.one(2) ? lo : hi;
    if (style == 2 && random.one(4)) v = random.one(2) ? lo : hi;
    if (style == 3) v = clampTo(v % 8, lo, hi);
    put(data, dtype, i, v);
  }
}

inline void setRef(int32_t* words, int place, int dtype, int64_t unit, int64_t first) {
  words[0] = place + 4 * dtype, words[1] = static_cast<int32_t>(unit), words[2] = static_cast<int32_t>(first);
}

struct Case {
  World world;
  std::vector<int32_t> step;
  Bytes want;          // of y's buffer in the arena
  size_t yAt, yBytes;  // in the arena
  bool packs;
};

}  // namespace densetest
