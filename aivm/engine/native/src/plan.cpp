// Which kernel each step needs, which steps are convolutions, and when each op's output is there.
#include "plan.h"

#include <algorithm>

#include "kernels.h"

namespace aivm {
namespace {

const PlainKernels* plainKernels(Level level) {
  if (level == Level::scalar) return &scalar::plainKernels;
#if defined(__x86_64__)
  if (level == Level::avx2) return &avx2::plainKernels;
  if (level == Level::vnni) return &vnni::plainKernels;
#elif defined(__aarch64__)
  if (level == Level::neon) return &neon::plainKernels;
#endif
  return nullptr;
}

Kernel kernelOf(int32_t number, const PlainKernels& plain, const DenseKernels& dense) {
  switch (number) {
    case kConv: return dense.conv;
    case kConvAny: return dense.convAny;
    case kMatmul: return dense.matmul;
    case kMap: return plain.map;
    case kFill: return plain.fill;
    case kReduce: return plain.reduce;
    case kPool: return plain.pool;
    case kGather: return gatherKernel;
    case kScatter: return scatterKernel;
    case kRanking: return rankKernel;
    default: return plain.random;
  }
}

// A view onto an earlier op's output has no step of its own: it is ready when all ops up to it are.
void findReadySteps(Plan& plan) {
  plan.readyAfter.assign(plan.ops.size(), 0);
  for (size_t i = 0; i < plan.steps.size(); i++) {
    const int32_t op = plan.steps[i].opIndex;
    if (op >= 0 && static_cast<size_t>(op) < plan.ops.size()) plan.readyAfter[static_cast<size_t>(op)] = i + 1;
  }
  for (size_t op = 1; op < plan.ops.size(); op++)
    plan.readyAfter[op] = std::max(plan.readyAfter[op], plan.readyAfter[op - 1]);
}

}  // namespace

std::vector<const uint8_t*> Plan::addresses() const {
  std::vector<const uint8_t*> list;
  for (const Constant& constant : constants) list.push_back(constant.data);
  return list;
}

bool preparePlan(Plan& plan) {
  const PlainKernels* plain = plainKernels(plan.level);
  const DenseKernels* dense = denseKernels(plan.level);
  if (plain == nullptr || dense == nullptr) return false;
  plan.scratchBytes = 0;
  for (size_t at = 0; at < plan.words.size(); at += static_cast<size_t>(plan.words[at + 1])) {
    int32_t* step = plan.words.data() + at;
    plan.steps.push_back({step, kernelOf(step[0], *plain, *dense), step[2] != 0, step[3]});
    const size_t scratch = step[0] <= kMatmul ? dense->scratchBytes(step) : plainScratchBytes(step);
    plan.scratchBytes = std::max(plan.scratchBytes, (scratch + 63) / 64 * 64);
    if (step[0] != kConv) continue;
    step[3] = static_cast<int32_t>(plan.convSteps.size());
    plan.convSteps.push_back(at);
  }
  findReadySteps(plan);
  return true;
}

}  // namespace aivm
