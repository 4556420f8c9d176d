// The interpreter: one loop over the steps.
#include "lane.h"

#include <cstring>

#include "sha256.h"

namespace aivm {
namespace {

template <typename T>
bool allWithin(const uint8_t* data, size_t bytes, int32_t lo, int32_t hi) {
  const T* values = reinterpret_cast<const T*>(data);
  const size_t count = bytes / sizeof(T);
  unsigned outside = 0;
  for (size_t i = 0; i < count; i++) outside |= static_cast<unsigned>(values[i] < lo) | static_cast<unsigned>(values[i] > hi);
  return outside == 0;
}

bool inRange(const uint8_t* arena, const Slot& slot) {
  const uint8_t* data = arena + slot.offset;
  if (slot.dtype == kI8) return (slot.lo <= -128 && slot.hi >= 127) || allWithin<int8_t>(data, slot.bytes, slot.lo, slot.hi);
  if (slot.dtype == kI16)
    return (slot.lo <= -32768 && slot.hi >= 32767) || allWithin<int16_t>(data, slot.bytes, slot.lo, slot.hi);
  return allWithin<int32_t>(data, slot.bytes, slot.lo, slot.hi);
}

constexpr size_t kRootBytes = 32;
constexpr size_t kLeastBesideBytes = 65536;

}  // namespace

std::unique_ptr<Lane> Lane::create(const Plan& plan, const Weights& weights, int threads) {
  std::unique_ptr<Lane> lane(new Lane(plan));
  lane->arena_ = Region::allocate(plan.arenaBytes + DENSE_SLACK);
  lane->scratch_ = Region::allocate(plan.scratchBytes * static_cast<size_t>(threads));
  lane->roots_ = Region::allocate(plan.ops.size() * kRootBytes);
  if (lane->arena_ == nullptr || lane->scratch_ == nullptr || lane->roots_ == nullptr) return nullptr;
  for (int thread = 0; thread < threads; thread++) {
    uint8_t* scratch = lane->scratch_->data() + plan.scratchBytes * static_cast<size_t>(thread);
    lane->contexts_.push_back({lane->arena_->data(), weights.constants.data(), scratch, weights.packed.data()});
  }
  lane->team_ = std::make_unique<Team>(lane->contexts_);
  return lane;
}

Lane::~Lane() {
  if (!thread_.joinable()) return;
  ending_ = true;
  started_.publish(++starts_);
  thread_.join();
}

int Lane::run(bool hash) {
  for (size_t i = 0; i < plan_.inputs.size(); i++)
    if (!inRange(arena_->data(), plan_.inputs[i])) return static_cast<int>(i);
  if (!hash) {
    for (const Step& step : plan_.steps) {
      if (step.parallel) team_->execute(step.kernel, step.words);
      else step.kernel(step.words, contexts_[0], 0, 1);
    }
    return kRunDone;
  }
  std::atomic<size_t> next{0};
  // A few outputs are hashed sooner than a thread starts.
  size_t opBytes = 0;
  for (const Slot& slot : plan_.ops) opBytes += slot.bytes;
  std::thread hasher;
  if (opBytes >= kLeastBesideBytes) hasher = std::thread([&] { hashOps(next); });
  for (size_t i = 0; i < plan_.steps.size(); i++) {
    const Step& step = plan_.steps[i];
    if (step.parallel) team_->execute(step.kernel, step.words);
    else step.kernel(step.words, contexts_[0], 0, 1);
    progress_.publish(stepsBefore_ + i + 1);
  }
  hashOps(next);
  if (hasher.joinable()) hasher.join();
  for (size_t op = 1; op < plan_.ops.size(); op++)
    if (isView(op)) memcpy(roots_->data() + op * kRootBytes, roots_->data() + (op - 1) * kRootBytes, kRootBytes);
  stepsBefore_ += plan_.steps.size();
  return kRunDone;
}

// True for an output that is its predecessor's bytes: a view in the order of what it views.
bool Lane::isView(size_t op) const {
  if (op == 0) return false;
  const Slot &slot = plan_.ops[op], &before = plan_.ops[op - 1];
  return slot.offset == before.offset && slot.bytes == before.bytes && slot.dtype == before.dtype;
}

// Takes one op after the other as soon as its output is there; the caller's thread helps once its steps are done.
void Lane::hashOps(std::atomic<size_t>& next) {
  for (size_t op = next.fetch_add(1); op < plan_.ops.size(); op = next.fetch_add(1)) {
    if (isView(op)) continue;
    const Slot& slot = plan_.ops[op];
    progress_.await(stepsBefore_ + plan_.readyAfter[op]);
    tensorRoot(arena_->data() + slot.offset, slot.bytes, size_t{1} << slot.dtype, roots_->data() + op * kRootBytes);
  }
}

void Lane::startThread(std::function<void(int)> done) {
  thread_ = std::thread([this, done = std::move(done)] { serve(done); });
}

void Lane::start(bool hash) {
  hash_ = hash;
  started_.publish(++starts_);
}

void Lane::serve(const std::function<void(int)>& done) {
  for (uint64_t runs = 1;; runs++) {
    started_.await(runs);
    if (ending_) return;
    done(run(hash_));
  }
}

}  // namespace aivm
