// Small helpers over Node's C interface.
#include "napi.h"

namespace aivm {

napi_value throwError(napi_env env, const char* code, const std::string& message) {
  bool pending = false;
  napi_is_exception_pending(env, &pending);
  if (!pending) napi_throw_error(env, code, message.c_str());
  return nullptr;
}

bool bytesOf(napi_env env, napi_value value, Bytes* out) {
  bool is = false;
  if (napi_is_arraybuffer(env, value, &is) == napi_ok && is) {
    void* data = nullptr;
    out->elementBytes = 1;
    if (napi_get_arraybuffer_info(env, value, &data, &out->bytes) != napi_ok) return false;
    out->data = static_cast<uint8_t*>(data);
    return true;
  }
  if (napi_is_typedarray(env, value, &is) != napi_ok || !is) return false;
  napi_typedarray_type type;
  size_t length = 0;
  void* data = nullptr;
  if (napi_get_typedarray_info(env, value, &type, &length, &data, nullptr, nullptr) != napi_ok) return false;
  constexpr size_t kSizes[] = {1, 1, 1, 2, 2, 4, 4, 4, 8, 8, 8};
  out->elementBytes = kSizes[type];
  out->data = static_cast<uint8_t*>(data);
  out->bytes = length * out->elementBytes;
  return true;
}

bool numberOf(napi_env env, napi_value value, double* out) {
  return napi_get_value_double(env, value, out) == napi_ok;
}

bool stringOf(napi_env env, napi_value value, std::string* out) {
  size_t length = 0;
  if (napi_get_value_string_utf8(env, value, nullptr, 0, &length) != napi_ok) return false;
  out->resize(length + 1);
  if (napi_get_value_string_utf8(env, value, &(*out)[0], length + 1, &length) != napi_ok) return false;
  out->resize(length);
  return true;
}

napi_value arrayBufferOf(napi_env env, const std::shared_ptr<Region>& region) {
  napi_value buffer = nullptr;
  if (region->bytes() == 0) {
    void* none = nullptr;
    napi_create_arraybuffer(env, 0, &none, &buffer);
    return buffer;
  }
  auto* holder = new std::shared_ptr<Region>(region);
  const auto release = [](napi_env, void*, void* held) { delete static_cast<std::shared_ptr<Region>*>(held); };
  if (napi_create_external_arraybuffer(env, region->data(), region->bytes(), release, holder, &buffer) == napi_ok)
    return buffer;
  delete holder;
  return throwError(env, "AIVM_NATIVE", "this Node allows no array buffers over memory of an add-on");
}

void setProperty(napi_env env, napi_value object, const char* name, napi_value value) {
  napi_set_named_property(env, object, name, value);
}

void setFunction(napi_env env, napi_value object, const char* name, napi_callback callback, void* data) {
  napi_value function = nullptr;
  napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, data, &function);
  setProperty(env, object, name, function);
}

}  // namespace aivm
