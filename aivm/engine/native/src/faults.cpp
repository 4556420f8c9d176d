// The check of a plan before it is run: no word that an engine is handed may lead a kernel outside its memory.
#include <algorithm>

#include "plan.h"

namespace aivm {
namespace {

using Wide = __int128;

constexpr int32_t kLengths[kKernelEnd] = {0, 55, 55, 53, 55, 20, 37, 31, 17, 48, 15, 12};

// The furthest that the elements of a tensor lie from its first one, both ends inclusive.
struct Reach {
  Wide low = 0, high = 0;
  void along(int64_t size, int64_t stride) {
    const Wide last = static_cast<Wide>(size - 1) * stride;
    (last < 0 ? low : high) += last;
  }
};

class Check {
 public:
  Check(const Plan& plan, const int32_t* step) : plan_(plan), step_(step) {}

  int32_t word(int at) const { return step_[at]; }
  const char* fault() const { return fault_; }

  bool require(bool holds, const char* what) {
    if (!holds && fault_ == nullptr) fault_ = what;
    return holds;
  }

  bool sizes(int at, int count) {
    bool positive = true;
    for (int i = 0; i < count; i++) positive = positive && step_[at + i] >= 1;
    return require(positive, "a size below 1");
  }

  // A REF whose element type is one of the bits of `dtypes` and whose place is one of the bits of `places`.
  bool ref(int at, Reach reach, int dtypes = 7, int places = 6) {
    const int place = refPlace(step_, at), dtype = refDtype(step_, at);
    if (!require(step_[at] >= 0 && place <= 2 && dtype <= 2, "a word that is no place and element type")) return false;
    if (!require((dtypes >> dtype & 1) != 0, "an element type that the kernel does not take")) return false;
    if (!require((places >> place & 1) != 0, "a place that the kernel does not take")) return false;
    if (place == kPlaceNone) return true;
    const int64_t index = static_cast<uint32_t>(step_[at + 1]);
    const bool arena = place == kPlaceArena;
    if (!require(arena || static_cast<size_t>(index) < plan_.constants.size(), "a constant that is not there"))
      return false;
    const Wide bytes = arena ? plan_.arenaBytes : plan_.constants[static_cast<size_t>(index)].bytes;
    const Wide base = (arena ? static_cast<Wide>(index) * kArenaUnit : 0) + (static_cast<Wide>(step_[at + 2]) << dtype);
    const Wide low = base + reach.low * (1 << dtype), high = base + (reach.high + 1) * (1 << dtype);
    return require(low >= 0 && high <= bytes,
"a tensor that reaches out of its memory");
  }

  bool denseRef(int at, std::initializer_list<int32_t> sizes, int dtypes = 7, int places = 6) {
    Wide count = 1;
    for (const int32_t size : sizes) count *= size;
    // Six sizes of 31 bits could leave 128: no memory has that many elements anyway.
    Reach reach;
    reach.high = count - 1;
    return require(sizes.size() <= 4, "too many sizes") && ref(at, reach, dtypes, places);
  }

  bool nestRef(int at, int sizes, int strides, int dtypes = 7, int places = 6) {
    Reach reach;
    for (int axis = 0; axis < kRank; axis++) reach.along(step_[sizes + axis], step_[strides + axis]);
    return ref(at, reach, dtypes, places);
  }

  bool sameDtype(int a, int b) { return require(refDtype(step_, a) == refDtype(step_, b), "element types that differ"); }

 private:
  const Plan& plan_;
  const int32_t* step_;
  const char* fault_ = nullptr;
};

constexpr int kArenaOnly = 1 << kPlaceArena;
constexpr int kConstantOnly = 1 << kPlaceConstant;
constexpr int kAnyPlace = 7;
constexpr int kNarrow = 1 << kI8 | 1 << kI16;
constexpr int kWord = 1 << kI32;

// Positions of a window must fit 32 bits.
bool checkWindow(Check& check, int32_t out, int32_t stride, int32_t pad, int32_t kernel, int32_t dilation) {
  const Wide last = static_cast<Wide>(out - 1) * stride - pad + static_cast<Wide>(kernel - 1) * dilation;
  return check.require(pad >= 0 && last < (Wide{1} << 31), "a window out of range");
}

void checkConv(Check& check, bool packed) {
  constexpr int kRefs = kHeaderWords, kGeometry = kRefs + 6 * kRefWords, kEpilogue = kGeometry + 21;
  const int32_t n = check.word(kGeometry), h = check.word(kGeometry + 1), w = check.word(kGeometry + 2);
  const int32_t c = check.word(kGeometry + 3), oh = check.word(kGeometry + 4), ow = check.word(kGeometry + 5);
  const int32_t cout = check.word(kGeometry + 6), kh = check.word(kGeometry + 7), kw = check.word(kGeometry + 8);
  const int32_t groups = check.word(kGeometry + 15);
  if (!check.sizes(kGeometry, 11) || !check.sizes(kGeometry + 13, 3)) return;
  if (!check.require(c % groups == 0 && cout % groups == 0, "groups that do not divide the channels")) return;
  if (!checkWindow(check, oh, check.word(kGeometry + 9), check.word(kGeometry + 11), kh, check.word(kGeometry + 13)))
    return;
  if (!checkWindow(check, ow, check.word(kGeometry + 10), check.word(kGeometry + 12), kw, check.word(kGeometry + 14)))
    return;
  const int places = packed ? kConstantOnly : kArenaOnly | kConstantOnly;
  check.denseRef(kRefs, {n, h, w, c}, kNarrow);
  check.denseRef(kRefs + 3, {cout, kh, kw, c / groups}, kNarrow, places);
  check.denseRef(kRefs + 6, {cout}, kWord, places);
  check.denseRef(kRefs + 9, {cout}, kWord, places);
  check.denseRef(kRefs + 12, {cout}, 1 << kI8, places);
  check.denseRef(kRefs + 15, {n, oh, ow, cout}, 7, kArenaOnly);
  check.require(check.word(kGeometry + 20) >= 0, "a negative block");
  const int32_t kind = check.word(kEpilogue);
  check.require(kind >= 0 && kind <= (packed ? 2 : 0), "an epilogue of no kind");
  if (kind == 1) check.denseRef(kEpilogue + 1, {n, oh, ow, cout});
  if (kind == 2 && check.denseRef(kEpilogue + 1, {256})) check.sameDtype(kEpilogue + 1, kRefs + 15);
}

void checkMatmul(Check& check) {
  constexpr int kBatch = kHeaderWords + 4 * kRefWords, kStrides = kBatch + 4, kSizes = kStrides + 16;
  if (!check.sizes(kBatch, 4) || !check.sizes(kSizes, 3)) return;
  const int32_t m = check.word(kSizes), n = check.word(kSizes + 1), k = check.word(kSizes + 2);
  Reach reach[4];
  for (int ref = 0; ref < 4; ref++)
    for (int axis = 0; axis < 4; axis++) reach[ref].along(check.word(kBatch + axis), check.word(kStrides + 4 * ref + axis));
  const int rows = kSizes + 3;
  reach[0].along(m, check.word(rows));
  reach[0].along(k, check.word(rows + 1));
  reach[1].along(n, check.word(rows + 2));
  reach[1].along(k, check.word(rows + 3));
  reach[2].along(m, check.word(rows + 4));
  reach[3].along(m, check.word(rows + 5));
  reach[3].along(n, 1);
  check.ref(kHeaderWords, reach[0], kNarrow);
  check.ref(kHeaderWords + 3, reach[1], kNarrow);
  const bool divides = (check.word(kHeaderWords + 6) & 3) != kPlaceNone;
  check.ref(kHeaderWords + 6, reach[2], divides ? kWord : 7, kAnyPlace);
  check.ref(kHeaderWords + 9, reach[3], 7, kArenaOnly);
  check.require(check.word(rows + 13) >= 0, "a negative block");
}

void checkMap(Check& check) {
  constexpr int kRefs = kHeaderWords + 1, kSizes = kRefs + 4 * kRefWords, kStrides = kSizes + kRank;
  constexpr int kOperands[] = {1, 2, 2, 1, 2, 3, 2, 2, 2, 1, 2, 2};
  const int32_t kind = check.word(kHeaderWords);
  if (!check.require(kind >= 0 && kind < 12, "a map of no kind") || !check.sizes(kSizes, kRank)) return;
  check.nestRef(kRefs, kSizes, kStrides, 7, kArenaOnly);
  for (int operand = 1; operand <= 3; operand++) {
    const int at = kRefs + operand * kRefWords;
    if (operand > kOperands[kind]) check.require((check.word(at) & 3) == kPlaceNone, "an operand too many");
    else if (kind == 4 && operand == 1) check.nestRef(at, kSizes, kStrides + kRank, kNarrow);
    else if (kind == 4) check.denseRef(at, {check.word(kRefs + kRefWords) >> 2 == kI8 ? 256 : 65536});
    else check.nestRef(at, kSizes, kStrides + operand * kRank);
  }
  if (kind == 0) check.sameDtype(kRefs, kRefs + kRefWords);
  if (kind == 4) check.sameDtype(kRefs, kRefs + 2 * kRefWords);
  const int32_t width = check.word(kStrides + 4 * kRank + 1);
  check.require(kind != 11 || width == 8 || width == 16 || width == 32, "a word of no width");
}

void checkFill(Check& check) {
  constexpr int kSizes = kHeaderWords + kRefWords;
  if (check.sizes(kSizes, kRank)) check.nestRef(kHeaderWords, kSizes, kSizes + kRank, 7, kArenaOnly);
}

void checkReduce(Check& check) {
  constexpr int kY = kHeaderWords + 1, kX = kY + kRefWords, kSizes = kX + kRefWords, kStrides = kSizes + kRank;
  constexpr int kAxis = kStrides + 2 * kRank;
  const int32_t kind = check.word(kHeaderWords);
  if (!check.require(kind >= 0 && kind <= 2, "a reduction of no kind")) return;
  if (!check.sizes(kSizes, kRank) || !check.sizes(kAxis, 1)) return;
  check.nestRef(kY, kSizes, kStrides, 7, kArenaOnly);
  Reach reach;
  for (int axis = 0; axis < kRank; axis++) reach.along(check.word(kSizes + axis), check.word(kStrides + kRank + axis));
  reach.along(check.word(kAxis), check.word(kAxis + 1));
  check.ref(kX, reach);
}

void checkPool(Check& check) {
  constexpr int kY = kHeaderWords + 1, kX = kY + kRefWords, kG = kX + kRefWords;
  const int32_t kind = check.word(kHeaderWords);
  if (!check.require(kind == 0 || kind == 1, "a pool of no kind")) return;
  if (!check.sizes(kG, 10) || !check.sizes(kG + 12, 2)) return;
  if (!checkWindow(check, check.word(kG + 4), check.word(kG + 8), check.word(kG + 10), check.word(kG + 6), check.word(kG + 12)) ||
      !checkWindow(check, check.word(kG + 5), check.word(kG + 9), check.word(kG + 11), check.word(kG + 7), check.word(kG + 13)))
    return;
  check.denseRef(kY, {check.word(kG), check.word(kG + 4), check.word(kG + 5), check.word(kG + 3)}, 7, kArenaOnly);
  check.denseRef(kX, {check.word(kG), check.word(kG + 1), check.word(kG + 2), check.word(kG + 3)}, kind == 0 ? 7 : kNarrow);
  if (kind == 0) check.sameDtype(kY, kX);
}

void checkGather(Check& check) {
  constexpr int kX = kHeaderWords + kRefWords, kIndices = kX + kRefWords, kS = kIndices + kRefWords;
  if (!check.sizes(kS, 4)) return;
  const int32_t outer = check.word(kS), size = check.word(kS + 1), inner = check.word(kS + 2), count = check.word(kS + 3);
  check.denseRef(kHeaderWords, {outer, count, inner}, 7, kArenaOnly);
  check.denseRef(kX, {outer, size, inner});
  check.denseRef(kIndices, {count});
  check.sameDtype(kHeaderWords, kX);
}

void checkScatter(Check& check) {
  constexpr int kX = kHeaderWords + kRefWords, kPositions = kX + kRefWords, kUpdates = kPositions + kRefWords;
  constexpr int kSizes = kUpdates + kRefWords, kStrides = kSizes + kRank, kAxis = kStrides + 3 * kRank;
  const int32_t reduction = check.word(kAxis + 3), elements = check.word(kAxis + 2);
  if (!check.require(reduction >= 0 && reduction <= 4, "a reduction of no kind")) return;
  if (!check.sizes(kSizes, kRank) || !check.sizes(kAxis, 1) || !check.sizes(kAxis + 2, 1)) return;
  check.denseRef(kHeaderWords, {elements}, 7, kArenaOnly);
  check.denseRef(kX, {elements});
  check.nestRef(kPositions, kSizes, kStrides + kRank);
  check.nestRef(kUpdates, kSizes, kStrides + 2 * kRank);
  if (reduction != 1 && reduction != 2) check.sameDtype(kHeaderWords, kX);
  Reach reach;
  for (int axis = 0; axis < kRank; axis++) reach.along(check.word(kSizes + axis), check.word(kStrides + axis));
  reach.along(check.word(kAxis), check.word(kAxis + 1));
  check.require(reach.low >= 0 && reach.high < elements, "updates outside their tensor");
}

void checkRank(Check& check) {
  constexpr int kX = kHeaderWords + kRefWords, kS = kX + kRefWords;
  if (!check.sizes(kS, 4)) return;
  const int32_t outer = check.word(kS), size = check.word(kS + 1), inner = check.word(kS + 2), count = check.word(kS + 3);
  check.require(count <= size, "more places than elements");
  check.denseRef(kHeaderWords, {outer, count, inner}, kWord, kArenaOnly);
  check.denseRef(kX, {outer, size, inner});
}

void checkRandom(Check& check) {
  constexpr int kSeed = kHeaderWords + kRefWords, kCount = kSeed + kRefWords;
  if (!check.sizes(kCount, 1)) return;
  check.denseRef(kHeaderWords, {check.word(kCount)}, 1 << kI16 | 1 << kI32, kArenaOnly);
  check.denseRef(kSeed, {4}, kWord);
}

void checkStep(Check& check, int32_t kernel) {
  switch (kernel) {
    case kConv: return checkConv(check, true);
    case kConvAny: return checkConv(check, false);
    case kMatmul: return checkMatmul(check);
    case kMap: return checkMap(check);
    case kFill: return checkFill(check);
    case kReduce: return checkReduce(check);
    case kPool: return checkPool(check);
    case kGather: return checkGather(check);
    case kScatter: return checkScatter(check);
    case kRanking: return checkRank(check);
    default: return checkRandom(check);
  }
}

bool slotsFit(const Plan& plan, const std::vector<Slot>& slots) {
  return std::all_of(slots.begin(), slots.end(), [&](const Slot& slot) {
    const size_t element = size_t{1} << slot.dtype;
    return slot.bytes > 0 && slot.bytes % element == 0 && slot.offset % element == 0 && slot.offset <= plan.arenaBytes &&
           slot.bytes <= plan.arenaBytes - slot.offset;
  });
}

std::string named(const char* fault, size_t step, int32_t kernel) {
  return std::string(fault) + " in step " + std::to_string(step) + " (kernel " + std::to_string(kernel) + ")";
}

}  // namespace

std::string findFault(const Plan& plan) {
  if (!slotsFit(plan, plan.inputs)) return "an input outside the arena";
  if (!slotsFit(plan, plan.outputs)) return "an output outside the arena";
  if (!slotsFit(plan, plan.ops)) return "an op's output outside the arena";
  const size_t total = plan.words.size();
  size_t number = 0;
  for (size_t at = 0; at < total; number++) {
    const int32_t* step = plan.words.data() + at;
    if (total - at < kHeaderWords) return named("words that end early", number, 0);
    const int32_t kernel = step[0];
    if (kernel < 1 || kernel >= kKernelEnd) return named("a kernel that does not exist", number, kernel);
    const size_t length = static_cast<size_t>(kLengths[kernel]);
    if (step[1] != kLengths[kernel] || length > total - at) return named("a step of the wrong length", number, kernel);
    Check check(plan, step);
    checkStep(check, kernel);
    if (check.fault() != nullptr) return named(check.fault(), number, kernel);
    at += length;
  }
  return "";
}

}  // namespace aivm
