// The portable SHA-256, its padding, and tensor roots over a stack of subtrees.
#include "sha256.h"

#include <cstring>

namespace aivm {
namespace {

constexpr uint32_t kRound[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

constexpr uint32_t kStart[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

constexpr size_t kBlock = 64;
constexpr size_t kHash = 32;

uint32_t rotate(uint32_t x, int by) { return x >> by | x << (32 - by); }

uint32_t readWord(const uint8_t* at) {
  return static_cast<uint32_t>(at[0]) << 24 | static_cast<uint32_t>(at[1]) << 16 |
         static_cast<uint32_t>(at[2]) << 8 | at[3];
}

void writeWord(uint8_t* at, uint32_t value) {
  for (int i = 0; i < 4; i++) at[i] = static_cast<uint8_t>(value >> (24 - 8 * i));
}

void compressBlock(uint32_t state[8], const uint8_t* data) {
  uint32_t w[64];
  for (int i = 0; i < 16; i++) w[i] = readWord(data + 4 * i);
  for (int i = 16; i < 64; i++) {
    const uint32_t s0 = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3;
    const uint32_t s1 = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10;
    w[i] = w[i - 16] + s0 + w[i - 7] + s1;
  }
  uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
  uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
  for (int i = 0; i < 64; i++) {
    const uint32_t s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
    const uint32_t t1 = h + s1 + ((e & f) ^ (~e & g)) + kRound[i] + w[i];
    const uint32_t s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
    const uint32_t t2 = s0 + ((a & b) ^ (a & c) ^ (b & c));
    h = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + t2;
  }
  const uint32_t end[8] = {a, b, c, d, e, f, g, h};
  for (int i = 0; i < 8; i++) state[i] += end[i];
}

void compressPortable(uint32_t state[8], const uint8_t* data, size_t blocks) {
  for (size_t i = 0; i < blocks; i++) compressBlock(state, data + i * kBlock);
}

bool hasInstructions() {
#if defined(__x86_64__)
  uint32_t a = 7, b = 0, c = 0, d = 0;
  __asm__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
  return compressWithInstructions != nullptr && (b >> 29 & 1) != 0 && __builtin_cpu_supports("sse4.1") != 0;
#else
  return false;
#endif
}

Compress bestCompress() { return hasInstructions() ? compressWithInstructions : compressPortable; }

Compress compress = bestCompress();

struct TreeStack {
  uint8_t hashes[64][kHash];
  int heights[64];
  int count = 0;
};

void nodeHash(const uint8_t* left, const uint8_t* right, uint8_t* out) {
  uint8_t children[2 * kHash];
  memcpy(children, left, kHash);
  memcpy(children + kHash, right, kHash);
  const uint8_t prefix = 1;
  sha256(&prefix, 1, children, sizeof children, out);
}

// Puts a subtree on the stack and joins equal ones below it.
void pushSubtree(TreeStack& stack, const uint8_t* hash, int height) {
  memcpy(stack.hashes[stack.count], hash, kHash);
  stack.heights[stack.count++] = height;
  while (stack.count > 1 && stack.heights[stack.count - 1] == stack.heights[stack.count - 2]) {
    uint8_t* left = stack.hashes[stack.count - 2];
    nodeHash(left, stack.hashes[stack.count - 1], left);
    stack.heights[stack.count - 2]++;
    stack.count--;
  }
}

// Fills the tree up with subtrees of padding, smallest first, until one hash is left.
void padTree(TreeStack& stack) {
  uint8_t padding[kHash];
  const uint8_t prefix = 0;
  sha256(&prefix, 1, nullptr, 0, padding);
  for (int height = 0; stack.count > 1; height++) {
    if (stack.heights[stack.count - 1] == height) pushSubtree(stack, padding, height);
    nodeHash(padding, padding, padding);
  }
}

}  // namespace

void sha256(const uint8_t* prefix, size_t prefixBytes, const uint8_t* data, size_t bytes, uint8_t* out) {
  uint32_t state[8];
  memcpy(state, kStart, sizeof state);
  uint8_t block[2 * kBlock];
  const uint64_t total = prefixBytes + bytes;
  if (prefixBytes > 0) memcpy(block, prefix, prefixBytes);
  size_t filled = prefixBytes;
  if (filled + bytes >= kBlock && filled > 0) {
    const size_t taken = kBlock - filled;
    memcpy(block + filled, data, taken);
    compress(state, block, 1);
    data += taken, bytes -= taken, filled = 0;
  }
  if (bytes >= kBlock) {
    compress(state, data, bytes / kBlock);
    data += bytes / kBlock * kBlock, bytes %= kBlock;
  }
  if (bytes > 0) memcpy(block + filled, data, bytes);
  filled += bytes;
  const size_t end = filled + 9 <= kBlock ? kBlock : 2 * kBlock;
  memset(block + filled, 0, end - filled);
  block[filled] = 0x80;
  writeWord(block + end - 8, static_cast<uint32_t>(total >> 29));
  writeWord(block + end - 4, static_cast<uint32_t>(total << 3));
  compress(state, block, end / kBlock);
  for (int i = 0; i < 8; i++) writeWord(out + 4 * i, state[i]);
}

bool usePortableSha256(bool portable) {
  compress = portable ? compressPortable : bestCompress();
  return hasInstructions();
}

void tensorRoot(const uint8_t* data, size_t bytes, size_t elementBytes, uint8_t* out) {
  const size_t chunk = 256 * elementBytes;
  const uint8_t prefix = 0;
  TreeStack stack;
  uint8_t hash[kHash];
  for (size_t at = 0; at < bytes; at += chunk) {
    if (bytes - at >= chunk) {
      sha256(&prefix, 1, data + at, chunk, hash);
    } else {
      uint8_t padded[256 * 4] = {0};
      memcpy(padded, data + at, bytes - at);
      sha256(&prefix, 1, padded, chunk, hash);
    }
    pushSubtree(stack, hash, 0);
  }
  padTree(stack);
  memcpy(out, stack.hashes[0], kHash);
}

}  // namespace aivm
