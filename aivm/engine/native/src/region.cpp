// Anonymous and file mappings, with a list of the files mapped now.
#include "region.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <mutex>
#include <set>

namespace aivm {
namespace {

// Large pages save most misses of the address translation; below this many bytes there are none to save.
constexpr size_t kLarge = size_t{4} << 20;

std::atomic<size_t> allocated{0};
std::mutex filesMutex;

std::set<const Region*>& files() {
  static auto* list = new std::set<const Region*>();
  return *list;
}

size_t wholePages(size_t bytes) {
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  return (bytes + page - 1) / page * page;
}

}  // namespace

Region::Region(uint8_t* data, size_t bytes, bool isFile) : data_(data), bytes_(bytes), isFile_(isFile) {
  if (!isFile) {
    allocated += bytes;
    return;
  }
  std::lock_guard<std::mutex> lock(filesMutex);
  files().insert(this);
}

Region::~Region() {
  if (isFile_) {
    std::lock_guard<std::mutex> lock(filesMutex);
    files().erase(this);
  } else {
    allocated -= bytes_;
  }
  if (data_ != nullptr) munmap(data_, wholePages(bytes_));
}

std::shared_ptr<Region> Region::allocate(size_t bytes) {
  if (bytes == 0) return std::shared_ptr<Region>(new Region(nullptr, 0, false));
  void* data = mmap(nullptr, wholePages(bytes), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED) return nullptr;
#ifdef MADV_HUGEPAGE
  if (bytes >= kLarge) madvise(data, wholePages(bytes), MADV_HUGEPAGE);
#endif
  return std::shared_ptr<Region>(new Region(static_cast<uint8_t*>(data), bytes, false));
}

std::shared_ptr<Region> Region::mapFile(const char* path) {
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return nullptr;
  struct stat facts;
  void* data = MAP_FAILED;
  if (fstat(file, &facts) == 0) {
    if (S_ISREG(facts.st_mode) && facts.st_size > 0)
      data = mmap(nullptr, static_cast<size_t>(facts.st_size), PROT_READ, MAP_PRIVATE, file, 0);
    else errno = EINVAL;
  }
  const int reason = errno;
  close(file);
  errno = reason;
  if (data == MAP_FAILED) return nullptr;
  return std::shared_ptr<Region>(
      new Region(static_cast<uint8_t*>(data), static_cast<size_t>(facts.st_size), true));
}

size_t Region::allocatedBytes() { return allocated; }

bool Region::releasePages(const uint8_t* from, size_t bytes) {
  const uintptr_t page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  const uintptr_t start = (reinterpret_cast<uintptr_t>(from) + page - 1) / page * page;
  const uintptr_t end = (reinterpret_cast<uintptr_t>(from) + bytes) / page * page;
  std::lock_guard<std::mutex> lock(filesMutex);
  for (const Region* region : files()) {
    if (from < region->data() || from + bytes > region->data() + region->bytes()) continue;
    if (start < end) madvise(reinterpret_cast<void*>(start), end - start, MADV_DONTNEED);
    return true;
  }
  return false;
}

}  // namespace aivm
