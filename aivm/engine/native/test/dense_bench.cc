// Times dense steps on one thread, best of many runs. Arguments: level (default the best), part of a name.
#include <chrono>
#include <string>

#include "matmulCases.h"

using namespace densetest;

struct BenchShape {
  const char* name;
  int64_t H, W, C, Cout, k, stride, pad, groups;
  int xType, yType;
};

static const BenchShape SHAPES[] = {
    {"1x1 56x56x24->144 i16", 56, 56, 24, 144, 1, 1, 0, 1, 1, 0},
    {"1x1 56x56x144->24", 56, 56, 144, 24, 1, 1, 0, 1, 0, 0},
    {"1x1 14x14x576->96", 14, 14, 576, 96, 1, 1, 0, 1, 0, 0},
    {"1x1 14x14x96->576 i16", 14, 14, 96, 576, 1, 1, 0, 1, 1, 0},
    {"1x1 14x14x96->576", 14, 14, 96, 576, 1, 1, 0, 1, 0, 0},
    {"1x1 7x7x960->320", 7, 7, 960, 320, 1, 1, 0, 1, 0, 0},
    {"1x1 7x7x320->1280 i16", 7, 7, 320, 1280, 1, 1, 0, 1, 1, 0},
    {"1x1 112x112x16->96", 112, 112, 16, 96, 1, 1, 0, 1, 0, 0},
    {"1x1 112x112x16->96 i16", 112, 112, 16, 96, 1, 1, 0, 1, 1, 0},
    {"3x3 32x32x16->16", 32, 32, 16, 16, 3, 1, 1, 1, 0, 0},
    {"3x3 32x32x16->16 i16", 32, 32, 16, 16, 3, 1, 1, 1, 1, 0},
    {"3x3 8x8x64->64", 8, 8, 64, 64, 3, 1, 1, 1, 0, 0},
    {"3x3 56x56x64->64", 56, 56, 64, 64, 3, 1, 1, 1, 0, 0},
    {"3x3 s2 224x224x3->32", 224, 224, 3, 32, 3, 2, 1, 1, 0, 0},
    {"7x7 s2 224x224x3->64", 224, 224, 3, 64, 7, 2, 3, 1, 0, 0},
    {"dw 3x3 s2 112x112x96", 112, 112, 96, 96, 3, 2, 1, 96, 0, 0},
    {"dw 3x3 112x112x32", 112, 112, 32, 32, 3, 1, 1, 32, 0, 0},
    {"dw 3x3 56x56x144", 56, 56, 144, 144, 3, 1, 1, 144, 0, 0},
    {"dw 3x3 14x14x384", 14, 14, 384, 384, 3, 1, 1, 384, 0, 0},
    {"dw 3x3 14x14x384 i16", 14, 14, 384, 384, 3, 1, 1, 384, 1, 0},
    {"dw 3x3 7x7x960", 7, 7, 960, 960, 3, 1, 1, 960, 0, 0},
    {"5x5 14x14x8->16", 14, 14, 8, 16, 5, 1, 2, 1, 0, 0},
    {"5x5 28x28x1->8", 28, 28, 1, 8, 5, 1, 2, 1, 0, 0},
    {"matvec 640->128", 1, 1, 640, 128, 1, 1, 0, 1, 0, 0},
    {"matvec 128->128", 1, 1, 128, 128, 1, 1, 0, 1, 0, 0},
    {"matvec 2048->1000", 1, 1, 2048, 1000, 1, 1, 0, 1, 0, 0},
    {"matvec 1280->1000", 1, 1, 1280, 1000, 1, 1, 0, 1, 0, 0},
    {"matvec 4096->4096", 1, 1, 4096, 4096, 1, 1, 0, 1, 0, 0},
    {"rows 128x768->3072", 1, 128, 768, 3072, 1, 1, 0, 1, 0, 0},
    {"rows 512x512->512", 1, 512, 512, 512, 1, 1, 0, 1, 0, 0},
    {"rows 196x1152->256", 1, 196, 1152, 256, 1, 1, 0, 1, 0, 0},
};

struct Job {
  World world;
  std::vector<int32_t> step;
  double macs, outputs;
};

static Job convJob(const BenchShape& b) {
  Job job;
  Random r = {7};
  World& w = job.world;
  const int64_t OH = (b.H + 2 * b.pad - b.k) / b.stride + 1, OW = (b.H == 1 && b.k == 1) ? b.W : (b.W + 2 * b.pad - b.k) / b.stride + 1;
  const int64_t in = b.C / b.groups * b.k * b.k, xs = b.H * b.W * b.C, ys = OH * OW * b.Cout;
  const size_t x = w.reserve(static_cast<size_t>(xs) << b.xType), y = w.reserve(static_cast<size_t>(ys) << b.yType);
  w.build();
  const int64_t reach = b.xType ? 4000 : 127;
  for (int64_t i = 0; i < xs; i++) put(w.arena + x * 64, b.xType, i, r.in(-reach, reach));
  uint8_t* weights = w.constant(static_cast<size_t>(b.Cout * in));
  for (int64_t i = 0; i < b.Cout * in; i++) put(weights, 0, i, r.in(-127, 127));
  uint8_t* bias = w.constant(static_cast<size_t>(b.Cout) * 4);
  uint8_t* multiplier = w.constant(static_cast<size_t>(b.Cout) * 4);
  uint8_t* shift = w.constant(static_cast<size_t>(b.Cout));
  for (int64_t o = 0; o < b.Cout; o++) put(bias, 2, o, r.in(-5000, 5000)), put(multiplier, 2, o, r.in(1 << 20, (1 << 21) - 1)), put(shift, 0, o, b.xType ? 34 : 29);
  job.step.assign(54, 0);
  int32_t* step = job.step.data();
  step[0] = 1, step[1] = 54, step[2] = 1;
  setRef(step + 4, 1, b.xType, static_cast<int64_t>(x), 0), setRef(step + 7, 2, 0, 0, 0), setRef(step + 10, 2, 2, 1, 0);
  setRef(step + 13, 2, 2, 2, 0), setRef(step + 16, 2, 0, 3, 0), setRef(step + 19, 1, b.yType, static_cast<int64_t>(y), 0);
  const int64_t words[] = {1, b.H, b.W, b.C, OH, OW, b.Cout, b.k, b.k, b.stride, b.stride, b.pad, b.pad, 1, 1, b.groups, 0, 0, lowest(b.yType), highest(b.yType), 0};
  for (int i = 0; i < 21; i++) step[22 + i] = static_cast<int32_t>(words[i]);
  job.macs = static_cast<double>(ys * in), job.outputs = static_cast<double>(ys);
  return job;
}

struct Sizes {
  const char* name;
  int64_t batches, M, N, K;
  bool heads, divides;  // b by columns, as a transposed view
  int aType, bType;
};

static const Sizes PRODUCTS[] = {
    {"matmul 128x768x3072", 1, 128, 3072, 768, false, false, 0, 0},
    {"matmul 12x(128x64x128)", 12, 128, 128, 64, false, false, 0, 0},
    {"matmul 12x(128x64x128) i16", 12, 128, 128, 64, false, false, 1, 1},
    {"matmulDiv 12x(128x128x64)", 12, 128, 64, 128, true, true, 0, 0},
    {"matmulDiv 12x(128x128x64) i16", 12, 128, 64, 128, true, true, 1, 1},
};

static Job productJob(const Sizes& s) {
  Job job;
  Random r = {7};
  World& w = job.world;
  const int64_t as = s.batches * s.M * s.K, bs = s.batches * s.N * s.K, ys = s.batches * s.M * s.N;
  const size_t a = w.reserve(static_cast<size_t>(as) << s.aType), b = w.reserve(static_cast<size_t>(bs) << s.bType);
  const size_t d = w.reserve(static_cast<size_t>(s.batches * s.M) * 4), y = w.reserve(static_cast<size_t>(ys) << s.aType);
  w.build();
  for (int64_t i = 0; i < as; i++) put(w.arena + a * 64, s.aType, i, r.in(-100, 100));
  for (int64_t i = 0; i < bs; i++) put(w.arena + b * 64, s.bType, i, r.in(-100, 100));
  for (int64_t i = 0; i < s.batches * s.M; i++) put(w.arena + d * 64, 2, i, r.in(1000, 20000));
  job.step.assign(53, 0);
  int32_t* step = job.step.data();
  step[0] = 3, step[1] = 53, step[2] = 1;
  setRef(step + 4, 1, s.aType, static_cast<int64_t>(a), 0), setRef(step + 7, 1, s.bType, static_cast<int64_t>(b), 0);
  if (s.divides) setRef(step + 10, 1, 2, static_cast<int64_t>(d), 0);
  setRef(step + 13, 1, s.aType, static_cast<int64_t>(y), 0);
  for (int i = 0; i < 4; i++) step[16 + i] = i == 3 ? static_cast<int32_t>(s.batches) : 1;
  step[23] = static_cast<int32_t>(s.M * s.K), step[27] = static_cast<int32_t>(s.N * s.K), step[31] = static_cast<int32_t>(s.M), step[35] = static_cast<int32_t>(s.M * s.N);
  const int64_t words[] = {s.M, s.N, s.K, s.K, 1, s.heads ? 1 : s.K, s.heads ? s.N : 1, 1, s.N, 0, 0, 1 << 20, s.divides ? 16 : 27, 0, lowest(s.aType), highest(s.aType), 0};
  for (int i = 0; i < 17; i++) step[36 + i] = static_cast<int32_t>(words[i]);
  job.macs = static_cast<double>(ys * s.K), job.outputs = static_cast<double>(ys);
  return job;
}

static double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

static void time(const char* name, const Job& job, const aivm::DenseKernels& kernels) {
  const int32_t* step = job.step.data();
  const Block packed(step[0] == 1 ? kernels.packedBytes(step) : 0), scratch(kernels.scratchBytes(step));
  if (step[0] == 1) kernels.pack(step, job.world.constants.data(), packed.data);
  const void* table[] = {packed.data};
  const aivm::Context context = {job.world.arena, job.world.constants.data(), scratch.data, table};
  const auto kernel = step[0] == 1 ? kernels.conv : kernels.matmul;
  double best = 1e9;
  const double end = seconds() + 0.15;
  for (int run = 0; run < 20 || seconds() < end; run++) {
    const int inner = job.macs < 1e6 ? 64 : job.macs < 2e7 ? 4 : 1;
    const double from = seconds();
    for (int i = 0; i < inner; i++) kernel(step, context, 0, 1);
    const double taken = (seconds() - from) / inner;
    if (taken < best) best = taken;
  }
  printf("%-32s %9.1f us %8.1f GMAC/s %8.3f ns/output\n", name, best * 1e6, job.macs / best * 1e-9, best * 1e9 / job.outputs);
}

int main(int argc, char** argv) {
  const std::string level = argc > 1 ? argv[1] : "";
  const int number = level == "scalar" ? 0 : level == "neon" ? 1 : level == "avx2" ? 2 : level == "vnni" ? 3 : static_cast<int>(aivm::bestLevel());
  const aivm::DenseKernels* kernels = aivm::denseKernels(static_cast<aivm::Level>(number));
  if (!kernels) return 1;
  const std::string part = argc > 2 ? argv[2] : "";
  for (const BenchShape& shape : SHAPES)
    if (std::string(shape.name).find(part) != std::string::npos) time(shape.name, convJob(shape), *kernels);
  for (const Sizes& sizes : PRODUCTS)
    if (std::string(sizes.name).find(part) != std::string::npos) time(sizes.name, productJob(sizes), *kernels);
}
