// SHA-256 (FIPS 180-4) and the roots of tensors that commitments are made of (aivm/tensor/tensor.ts).
#pragma once
#include <cstddef>
#include <cstdint>

namespace aivm {

// Mixes `blocks` blocks of 64 bytes into the state.
using Compress = void (*)(uint32_t state[8], const uint8_t* data, size_t blocks);

// With the CPU's own instructions; null where this build has none. Only for CPUs that have them.
extern const Compress compressWithInstructions;

// Hash of prefix (of at most 64 bytes, may be empty) followed by data; 32 bytes to `out`.
void sha256(const uint8_t* prefix, size_t prefixBytes, const uint8_t* data, size_t bytes, uint8_t* out);

// Forces the portable code (for tests); returns whether this CPU has instructions for SHA-256.
bool usePortableSha256(bool portable);

// Root of the Merkle tree over chunks of 256 elements, zero-padded at the end: RFC 6962 prefixes, leaves padded with
// the empty string to a power of two. `bytes` is a multiple of `elementBytes`, at least one element; 32 bytes to `out`.
void tensorRoot(const uint8_t* data, size_t bytes, size_t elementBytes, uint8_t* out);

}  // namespace aivm
