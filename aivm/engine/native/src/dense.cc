// Which dense kernels this build has, and which of them this CPU can run.
#include "dense.h"

namespace aivm {

extern const DenseKernels denseScalar;
#if defined(__x86_64__)
extern const DenseKernels denseAvx2;
extern const DenseKernels denseVnni;
#elif defined(__aarch64__)
extern const DenseKernels denseNeon;
#endif

const DenseKernels* denseKernels(Level level) {
#if defined(__x86_64__)
  if (level == Level::vnni) return &denseVnni;
  if (level == Level::avx2) return &denseAvx2;
#elif defined(__aarch64__)
  if (level == Level::neon) return &denseNeon;
#endif
  return level == Level::scalar ? &denseScalar : nullptr;
}

static unsigned bit(Level level) { return 1u << static_cast<int>(level); }

unsigned cpuLevels() {
  unsigned levels = bit(Level::scalar);
#if defined(__x86_64__)
  // The compiler's checks include whether the operating system saves the registers.
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) levels |= bit(Level::avx2);
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vnni"))
    levels |= bit(Level::vnni);
#elif defined(__aarch64__)
  levels |= bit(Level::neon);
#endif
  return levels;
}

Level bestLevel() {
  const unsigned levels = cpuLevels();
  for (int level = static_cast<int>(Level::vnni); level > 0; level--)
    if (levels >> level & 1) return static_cast<Level>(level);
  return Level::scalar;
}

}  // namespace aivm
