// A number that one thread publishes and others wait for: they spin for some 500 microseconds, then sleep.
#pragma once
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace aivm {

inline void pauseSpin() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

class Signal {
 public:
  void publish(uint64_t value) {
    value_.store(value);
    // A sleeper has counted itself before it looked at the value for the last time.
    if (sleepers_.load() == 0) return;
    std::lock_guard<std::mutex> lock(mutex_);
    condition_.notify_all();
  }

  // Waits until the value is at least `least`, and returns it.
  uint64_t await(uint64_t least) {
    using Clock = std::chrono::steady_clock;
    const Clock::time_point end = Clock::now() + std::chrono::microseconds(500);
    do {
      for (int i = 0; i < 64; i++) {
        if (value_.load(std::memory_order_acquire) >= least) return value_.load();
        pauseSpin();
      }
    } while (Clock::now() < end);
    std::unique_lock<std::mutex> lock(mutex_);
    sleepers_.fetch_add(1);
    condition_.wait(lock, [&] { return value_.load() >= least; });
    sleepers_.fetch_sub(1);
    return value_.load();
  }

 private:
  alignas(64) std::atomic<uint64_t> value_{0};
  std::atomic<int> sleepers_{0};
  std::mutex mutex_;
  std::condition_variable condition_;
};

}  // namespace aivm
