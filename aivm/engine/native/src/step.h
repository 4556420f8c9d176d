// What a kernel of the native engine is called with.
#pragma once
#include <cstdint>

namespace aivm {

struct Context {
  uint8_t* arena;                   // start of the run's arena
  const uint8_t* const* constants;  // address of each constant
  uint8_t* scratch;                 // this thread's scratch
  const void* const* packed;        // packed weights; a conv step has its number in word 3
};

}  // namespace aivm
