// Memory of the engine's own, and files mapped into memory: aligned to pages, given back when nobody holds them.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>

namespace aivm {

class Region {
 public:
  // Zeroed memory; null when the system has none left. `bytes` may be 0.
  static std::shared_ptr<Region> allocate(size_t bytes);
  // A file, read-only; null when it can not be mapped (errno says why).
  static std::shared_ptr<Region> mapFile(const char* path);
  ~Region();
  Region(const Region&) = delete;

  uint8_t* data() const { return data_; }
  size_t bytes() const { return bytes_; }

  // Bytes of all regions that `allocate` made and that are still held.
  static size_t allocatedBytes();
  // Lets the system take back the pages that lie wholly in [from, from + bytes), when they belong to a mapped file:
  // they are read again from the file when somebody looks. False when they belong to none.
  static bool releasePages(const uint8_t* from, size_t bytes);

 private:
  Region(uint8_t* data, size_t bytes, bool isFile);
  uint8_t* const data_;
  const size_t bytes_;
  const bool isFile_;
};

}  // namespace aivm
