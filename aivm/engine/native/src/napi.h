// Small helpers over Node's C interface.
#pragma once
#define NAPI_VERSION 8
#include <node_api.h>

#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "region.h"

namespace aivm {

// Throws a JavaScript Error with this code unless one is pending; always null.
napi_value throwError(napi_env env, const char* code, const std::string& message);

struct Bytes {
  uint8_t* data;
  size_t bytes;
  size_t elementBytes;
};

// Typed array or ArrayBuffer as bytes; false when `value` is neither.
bool bytesOf(napi_env env, napi_value value, Bytes* out);
bool numberOf(napi_env env, napi_value value, double* out);
bool stringOf(napi_env env, napi_value value, std::string* out);

// ArrayBuffer over a region's memory, which lives at least as long; null (and an error thrown) where Node allows none.
napi_value arrayBufferOf(napi_env env, const std::shared_ptr<Region>& region);

void setProperty(napi_env env, napi_value object, const char* name, napi_value value);
void setFunction(napi_env env, napi_value object, const char* name, napi_callback callback, void* data);

// A callback whose C++ exceptions (no memory, no threads) become JavaScript's.
template <napi_callback callback>
napi_value guarded(napi_env env, napi_callback_info info) {
  try {
    return callback(env, info);
  } catch (const std::exception& error) {
    return throwError(env, "AIVM_NATIVE", error.what());
  }
}

// Arguments of a call; missing ones are undefined.
template <size_t count>
struct Arguments {
  napi_value values[count];
  void* data = nullptr;
  Arguments(napi_env env, napi_callback_info info) {
    size_t given = count;
    napi_get_cb_info(env, info, &given, values, nullptr, &data);
  }
  napi_value operator[](size_t i) const { return values[i]; }
};

}  // namespace aivm
