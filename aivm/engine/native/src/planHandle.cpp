// Plans from JavaScript values, and the packing of their weights.
#include <cmath>
#include <cstring>

#include "lanes.h"

namespace aivm {
namespace {

constexpr napi_type_tag kPlanTag = {0x6169766d706c616eull, 0x9a1c3f0e5d7b2468ull};
constexpr size_t kSlotFields = 5;

bool levelOf(napi_env env, napi_value value, Level* level) {
  std::string name;
  if (!stringOf(env, value, &name)) return false;
  if (name == "scalar") *level = Level::scalar;
  else if (name == "neon") *level = Level::neon;
  else if (name == "avx2") *level = Level::avx2;
  else if (name == "vnni") *level = Level::vnni;
  else return false;
  return (cpuLevels() >> static_cast<int>(*level) & 1) != 0;
}

bool sizeOf(double value, size_t* out) {
  if (!(value >= 0 && value < 9007199254740992.0) || value != std::floor(value)) return false;
  *out = static_cast<size_t>(value);
  return true;
}

bool slotsOf(napi_env env, napi_value value, std::vector<Slot>* slots) {
  Bytes bytes;
  if (!bytesOf(env, value, &bytes) || bytes.elementBytes != 8) return false;
  const int64_t* fields = reinterpret_cast<const int64_t*>(bytes.data);
  const size_t count = bytes.bytes / sizeof *fields;
  if (count % kSlotFields != 0) return false;
  for (size_t i = 0; i < count; i += kSlotFields) {
    if (fields[i] < 0 || fields[i + 1] < 0 || fields[i + 2] < 0 || fields[i + 2] > kI32) return false;
    slots->push_back({static_cast<size_t>(fields[i]), static_cast<size_t>(fields[i + 1]),
                      static_cast<int>(fields[i + 2]), static_cast<int32_t>(fields[i + 3]),
                      static_cast<int32_t>(fields[i + 4])});
  }
  return true;
}

bool constantsOf(napi_env env, napi_value value, std::vector<Constant>* constants) {
  uint32_t count = 0;
  if (napi_get_array_length(env, value, &count) != napi_ok) return false;
  for (uint32_t i = 0; i < count; i++) {
    napi_value item = nullptr;
    Bytes bytes;
    if (napi_get_element(env, value, i, &item) != napi_ok || !bytesOf(env, item, &bytes)) return false;
    constants->push_back({bytes.data, bytes.bytes});
  }
  return true;
}

void deletePlan(napi_env env, void* data, void*) {
  auto* handle = static_cast<PlanHandle*>(data);
  if (handle->constants != nullptr) napi_delete_reference(env, handle->constants);
  delete handle;
}

// The conv step that argument `value` numbers; null and an error thrown when there is none.
const int32_t* convOf(napi_env env, const PlanHandle* handle, napi_value value) {
  double index = -1;
  if (handle == nullptr) return nullptr;
  if (numberOf(env, value, &index) && index >= 0 && index < static_cast<double>(handle->plan.convSteps.size()))
    return handle->plan.words.data() + handle->plan.convSteps[static_cast<size_t>(index)];
  throwError(env, "AIVM_NATIVE", "no such conv step");
  return nullptr;
}

}  // namespace

PlanHandle* planOf(napi_env env, napi_value value) {
  bool is = false;
  void* data = nullptr;
  if (napi_check_object_type_tag(env, value, &kPlanTag, &is) == napi_ok && is && napi_unwrap(env, value, &data) == napi_ok)
    return static_cast<PlanHandle*>(data);
  throwError(env, "AIVM_NATIVE", "the value is no plan");
  return nullptr;
}

napi_value createPlan(napi_env env, napi_callback_info info) {
  const Arguments<7> given(env, info);
  auto handle = std::make_unique<PlanHandle>();
  Plan& plan = handle->plan;
  Bytes words;
  double arenaBytes = 0;
  if (!levelOf(env, given[0], &plan.level)) return throwError(env, "AIVM_NATIVE_LEVEL", "a level that this CPU has not");
  if (!bytesOf(env, given[1], &words) || words.elementBytes != 4 || !constantsOf(env, given[2], &plan.constants) ||
      !numberOf(env, given[3], &arenaBytes) || !sizeOf(arenaBytes, &plan.arenaBytes) ||
      !slotsOf(env, given[4], &plan.inputs) || !slotsOf(env, given[5], &plan.outputs) ||
      !slotsOf(env, given[6], &plan.ops))
    return throwError(env, "AIVM_NATIVE_PLAN", "arguments that are no plan");
  plan.words.resize(words.bytes / 4);
  if (words.bytes > 0) memcpy(plan.words.data(), words.data, words.bytes);
  const std::string fault = findFault(plan);
  if (!fault.empty()) return throwError(env, "AIVM_NATIVE_PLAN", fault);
  if (!preparePlan(plan)) return throwError(env, "AIVM_NATIVE_LEVEL", "a level that this build has not");
  napi_create_reference(env, given[2], 1, &handle->constants);
  napi_value value = nullptr;
  napi_create_object(env, &value);
  napi_wrap(env, value, handle.release(), deletePlan, nullptr, nullptr);
  napi_type_tag_object(env, value, &kPlanTag);
  return value;
}

napi_value convSteps(napi_env env, napi_callback_info info) {
  const Arguments<1> given(env, info);
  const PlanHandle* handle = planOf(env, given[0]);
  if (handle == nullptr) return nullptr;
  const std::vector<size_t>& steps = handle->plan.convSteps;
  void* data = nullptr;
  napi_value buffer = nullptr, array = nullptr;
  napi_create_arraybuffer(env, steps.size() * sizeof(int32_t), &data, &buffer);
  for (size_t i = 0; i < steps.size(); i++) static_cast<int32_t*>(data)[i] = static_cast<int32_t>(steps[i]);
  napi_create_typedarray(env, napi_int32_array, steps.size(), buffer, 0, &array);
  return array;
}

napi_value packedBytes(napi_env env, napi_callback_info info) {
  const Arguments<2> given(env, info);
  const PlanHandle* handle = planOf(env, given[0]);
  const int32_t* step = convOf(env, handle, given[1]);
  if (step == nullptr) return nullptr;
  napi_value value = nullptr;
  napi_create_double(env, static_cast<double>(denseKernels(handle->plan.level)->packedBytes(step)), &value);
  return value;
}

napi_value pack(napi_env env, napi_callback_info info) {
  const Arguments<3> given(env, info);
  const PlanHandle* handle = planOf(env, given[0]);
  const int32_t* step = convOf(env, handle, given[1]);
  if (step == nullptr) return nullptr;
  Bytes to;
  const DenseKernels& dense = *denseKernels(handle->plan.level);
  if (!bytesOf(env, given[2], &to) || dense.packedBytes(step) > to.bytes ||
      reinterpret_cast<uintptr_t>(to.data) % kArenaUnit != 0)
    return throwError(env, "AIVM_NATIVE", "no aligned room for packed weights");
  dense.pack(step, handle->plan.addresses().data(), to.data);
  return nullptr;
}

}  // namespace aivm
