// The kernels of one level (instruction set) that are no dense products; each level's are in a namespace of its own.
#pragma once
#include "step.h"

namespace aivm {

struct PlainKernels {
  Kernel map, fill, reduce, pool, random;
};

// Compiled once for the baseline: they are bound by memory or by comparisons.
void gatherKernel(const int32_t* step, const Context&, int thread, int threads);
void scatterKernel(const int32_t* step, const Context&, int thread, int threads);
void rankKernel(const int32_t* step, const Context&, int thread, int threads);

namespace scalar { extern const PlainKernels plainKernels; }
namespace avx2 { extern const PlainKernels plainKernels; }
namespace vnni { extern const PlainKernels plainKernels; }
namespace neon { extern const PlainKernels plainKernels; }

// Bytes of scratch that the plain kernel of this step needs, per thread.
size_t plainScratchBytes(const int32_t* step);

}  // namespace aivm
