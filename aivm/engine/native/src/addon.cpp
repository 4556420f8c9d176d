// The add-on: what JavaScript can call (aivm/engine/native/binding.ts has the types and the rules).
#include <cerrno>
#include <cstring>

#include "dense.h"
#include "lanes.h"
#include "sha256.h"

namespace aivm {
namespace {

// Raised whenever packed weights are laid out otherwise.
constexpr int kLayout = 1;

napi_value levels(napi_env env, napi_callback_info) {
  constexpr struct { Level level; const char* name; } kLevels[] = {
      {Level::vnni, "vnni"}, {Level::avx2, "avx2"}, {Level::neon, "neon"}, {Level::scalar, "scalar"}};
  napi_value array = nullptr;
  napi_create_array(env, &array);
  uint32_t count = 0;
  for (const auto& each : kLevels) {
    if ((cpuLevels() >> static_cast<int>(each.level) & 1) == 0) continue;
    napi_value name = nullptr;
    napi_create_string_utf8(env, each.name, NAPI_AUTO_LENGTH, &name);
    napi_set_element(env, array, count++, name);
  }
  return array;
}

napi_value allocate(napi_env env, napi_callback_info info) {
  const Arguments<1> given(env, info);
  double bytes = -1;
  if (!numberOf(env, given[0], &bytes) || !(bytes >= 0 && bytes < 9007199254740992.0))
    return throwError(env, "AIVM_NATIVE", "no number of bytes");
  const std::shared_ptr<Region> region = Region::allocate(static_cast<size_t>(bytes));
  if (region == nullptr) return throwError(env, "AIVM_NATIVE_MEMORY", "the system has not the memory for this model");
  return arrayBufferOf(env, region);
}

napi_value allocatedBytes(napi_env env, napi_callback_info) {
  napi_value value = nullptr;
  napi_create_double(env, static_cast<double>(Region::allocatedBytes()), &value);
  return value;
}

napi_value mapFile(napi_env env, napi_callback_info info) {
  const Arguments<1> given(env, info);
  std::string path;
  if (!stringOf(env, given[0], &path) || path.find('\0') != std::string::npos)
    return throwError(env, "AIVM_FILE", "no path");
  const std::shared_ptr<Region> region = Region::mapFile(path.c_str());
  if (region == nullptr) return throwError(env, "AIVM_FILE", strerror(errno));
  return arrayBufferOf(env, region);
}

// Takes an ArrayBuffer's memory away from JavaScript, and gives it back when nothing else holds it.
napi_value detach(napi_env env, napi_callback_info info) {
  const Arguments<1> given(env, info);
  napi_detach_arraybuffer(env, given[0]);
  return nullptr;
}

napi_value release(napi_env env, napi_callback_info info) {
  const Arguments<1> given(env, info);
  Bytes bytes;
  const bool released = bytesOf(env, given[0], &bytes) && Region::releasePages(bytes.data, bytes.bytes);
  napi_value value = nullptr;
  napi_get_boolean(env, released, &value);
  return value;
}

// A new Uint8Array of 32 bytes that `write` fills.
template <typename Write>
napi_value hashOf(napi_env env, const Write& write) {
  void* data = nullptr;
  napi_value buffer = nullptr, array = nullptr;
  napi_create_arraybuffer(env, 32, &data, &buffer);
  write(static_cast<uint8_t*>(data));
  napi_create_typedarray(env, napi_uint8_array, 32, buffer, 0, &array);
  return array;
}

napi_value hash(napi_env env, napi_callback_info info) {
  const Arguments<1> given(env, info);
  Bytes bytes;
  if (!bytesOf(env, given[0], &bytes)) return throwError(env, "AIVM_NATIVE", "no bytes");
  return hashOf(env, [&](uint8_t* out) { sha256(nullptr, 0, bytes.data, bytes.bytes, out); });
}

napi_value root(napi_env env, napi_callback_info info) {
  const Arguments<1> given(env, info);
  Bytes bytes;
  if (!bytesOf(env, given[0], &bytes) || bytes.bytes == 0 || bytes.elementBytes > 4)
    return throwError(env, "AIVM_NATIVE", "no tensor");
  return hashOf(env, [&](uint8_t* out) { tensorRoot(bytes.data, bytes.bytes, bytes.elementBytes, out); });
}

napi_value portableHashes(napi_env env, napi_callback_info info) {
  const Arguments<1> given(env, info);
  bool portable = false;
  napi_get_value_bool(env, given[0], &portable);
  napi_value value = nullptr;
  napi_get_boolean(env, usePortableSha256(portable), &value);
  return value;
}

}  // namespace
}  // namespace aivm

extern "C" NAPI_MODULE_EXPORT napi_value napi_register_module_v1(napi_env env, napi_value exports) {
  using namespace aivm;
  napi_value layout = nullptr;
  napi_create_int32(env, kLayout, &layout);
  setProperty(env, exports, "layout", layout);
  setFunction(env, exports, "levels", guarded<levels>, nullptr);
  setFunction(env, exports, "createPlan", guarded<createPlan>, nullptr);
  setFunction(env, exports, "convSteps", guarded<convSteps>, nullptr);
  setFunction(env, exports, "packedBytes", guarded<packedBytes>, nullptr);
  setFunction(env, exports, "pack", guarded<pack>, nullptr);
  setFunction(env, exports, "createLanes", guarded<createLanes>, nullptr);
  setFunction(env, exports, "allocate", guarded<allocate>, nullptr);
  setFunction(env, exports, "allocatedBytes", guarded<allocatedBytes>, nullptr);
  setFunction(env, exports, "mapFile", guarded<mapFile>, nullptr);
  setFunction(env, exports, "detach", guarded<detach>, nullptr);
  setFunction(env, exports, "release", guarded<release>, nullptr);
  setFunction(env, exports, "sha256", guarded<hash>, nullptr);
  setFunction(env, exports, "tensorRoot", guarded<root>, nullptr);
  setFunction(env, exports, "portableHashes", guarded<portableHashes>, nullptr);
  return exports;
}
