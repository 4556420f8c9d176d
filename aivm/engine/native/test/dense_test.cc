// Compares every level that this CPU has with the definition, over random steps. Arguments: number of steps of each
// kernel (default 3000), first seed.
#include "matmulCases.h"

using namespace densetest;

static const char* const NAMES[] = {"scalar", "neon", "avx2", "vnni"};

// Bytes of y of a run split among `threads`, or false where a byte outside y changed.
static bool runCase(const Case& c, const aivm::DenseKernels& kernels, int threads, Bytes& y) {
  const Block arenaBlock(c.world.arenaBytes + aivm::DENSE_SLACK);
  uint8_t* arena = arenaBlock.data;
  memcpy(arena, c.world.arena, c.world.arenaBytes);
  memset(arena + c.yAt, 0xa5, c.yBytes);
  const int32_t* step = c.step.data();
  const Block packed(c.packs ? kernels.packedBytes(step) : 0);
  if (c.packs) kernels.pack(step, c.world.constants.data(), packed.data);
  const void* table[] = {packed.data};
  for (int thread = 0; thread < threads; thread++) {
    const Block scratch(kernels.scratchBytes(step));
    const aivm::Context context = {arena, c.world.constants.data(), scratch.data, table};
    (step[0] == 1 ? kernels.conv : step[0] == 2 ? kernels.convAny : kernels.matmul)(step, context, thread, threads);
  }
  y.assign(arena + c.yAt, arena + c.yAt + c.yBytes);
  memcpy(arena + c.yAt, c.world.arena + c.yAt, c.yBytes);
  return memcmp(arena, c.world.arena, c.world.arenaBytes) == 0;
}

static void print(const Case& c) {
  for (int32_t word : c.step) printf(" %d", word);
  printf("\n");
}

static int compare(const Case& c, uint64_t seed) {
  int failures = 0;
  for (int level = 0; level < 4; level++) {
    if (!(aivm::cpuLevels() >> level & 1)) continue;
    const aivm::DenseKernels* kernels = aivm::denseKernels(static_cast<aivm::Level>(level));
    static const int shares[] = {1, 2, 3, 7};
    for (int threads : {1, shares[1 + seed % 3]}) {
      Bytes y;
      const bool kept = runCase(c, *kernels, threads, y);
      if (kept && y == c.want) continue;
      size_t at = 0;
      while (at < y.size() && y[at] == c.want[at]) at++;
      printf("%s, %d threads, seed %llu: %s at byte %zu of %zu:", NAMES[level], threads,
             static_cast<unsigned long long>(seed), kept ? "differs" : "wrote outside y", at, y.size());
      print(c);
      failures++;
    }
  }
  return failures;
}

int main(int argc, char** argv) {
  const uint64_t count = argc > 1 ? strtoull(argv[1], nullptr, 10) : 3000;
  const uint64_t first = argc > 2 ? strtoull(argv[2], nullptr, 10) : 1;
  int failures = 0;
  for (uint64_t seed = first; seed < first + count && failures < 10; seed++) {
    failures += compare(convCase(seed, Kind::conv), seed);
    if (seed % 8 == 0) failures += compare(convCase(seed, Kind::any), seed);
    failures += compare(convCase(seed, Kind::rounding), seed);
    failures += compare(matmulCase(seed), seed);
  }
  printf("%s: %llu steps of conv and matmul, levels", failures ? "FAILED" : "ok", static_cast<unsigned long long>(count));
  for (int level = 0; level < 4; level++)
    if (aivm::cpuLevels() >> level & 1) printf(" %s", NAMES[level]);
  printf("\n");
  return failures ? 1 : 0;
}
