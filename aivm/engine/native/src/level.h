// Kernels of the level that this file is being compiled for: AIVM_LEVEL is scalar, avx2, vnni or neon.
#pragma once
#include "step.h"

#ifndef AIVM_LEVEL
#error "compile with -DAIVM_LEVEL=<level>"
#endif

namespace aivm {
namespace AIVM_LEVEL {

void mapKernel(const int32_t* step, const Context&, int thread, int threads);
void fillKernel(const int32_t* step, const Context&, int thread, int threads);
void reduceKernel(const int32_t* step, const Context&, int thread, int threads);
void poolKernel(const int32_t* step, const Context&, int thread, int threads);
void randomKernel(const int32_t* step, const Context&, int thread, int threads);

}  // namespace AIVM_LEVEL
}  // namespace aivm
