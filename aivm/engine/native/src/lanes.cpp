// Lanes as a JavaScript object: runs in the calling thread, or on the lanes' own threads with a callback.
#include "lanes.h"

#include "lane.h"

namespace aivm {
namespace {

constexpr double kMostThreads = 256;

struct Lanes {
  Weights weights;
  std::vector<std::unique_ptr<Lane>> lanes;
  napi_threadsafe_function whenDone = nullptr;
  napi_ref plan = nullptr, packed = nullptr;
  int inFlight = 0;
};

// What a lane's thread sends to JavaScript, in one pointer: lane and status of a run.
struct Done {
  int32_t lane;
  int32_t status;
};

// Ends the threads (a run in flight is finished first) and lets go of the memory.
void closeLanes(napi_env env, Lanes* lanes) {
  lanes->lanes.clear();
  if (lanes->whenDone != nullptr) napi_release_threadsafe_function(lanes->whenDone, napi_tsfn_abort);
  lanes->whenDone = nullptr;
  for (napi_ref* reference : {&lanes->plan, &lanes->packed}) {
    if (*reference != nullptr) napi_delete_reference(env, *reference);
    *reference = nullptr;
  }
}

void deleteLanes(napi_env env, void* data, void*) {
  auto* lanes = static_cast<Lanes*>(data);
  closeLanes(env, lanes);
  delete lanes;
}

void tellDone(napi_env env, napi_value onDone, void* context, void* data) {
  const std::unique_ptr<Done> done(static_cast<Done*>(data));
  auto* lanes = static_cast<Lanes*>(context);
  if (env == nullptr || onDone == nullptr) return;
  // Only runs in flight keep the process alive.
  if (--lanes->inFlight == 0 && lanes->whenDone != nullptr) napi_unref_threadsafe_function(env, lanes->whenDone);
  napi_value undefined = nullptr, arguments[2];
  napi_get_undefined(env, &undefined);
  napi_create_int32(env, done->lane, &arguments[0]);
  napi_create_int32(env, done->status, &arguments[1]);
  napi_call_function(env, undefined, onDone, 2, arguments, nullptr);
}

// Arguments lane and hash, both 0 when missing; null and an error thrown when there is no such lane.
Lane* laneOf(napi_env env, napi_callback_info info, Lanes** lanes, bool* hash) {
  size_t count = 2;
  napi_value values[2];
  void* data = nullptr;
  napi_get_cb_info(env, info, &count, values, nullptr, &data);
  *lanes = static_cast<Lanes*>(data);
  int32_t lane = 0, flag = 0;
  if (count > 0) napi_get_value_int32(env, values[0], &lane);
  if (count > 1) napi_get_value_int32(env, values[1], &flag);
  *hash = flag != 0;
  if (lane >= 0 && static_cast<size_t>(lane) < (*lanes)->lanes.size())
    return (*lanes)->lanes[static_cast<size_t>(lane)].get();
  throwError(env, "AIVM_CLOSED", "the engine was closed");
  return nullptr;
}

napi_value runLane(napi_env env, napi_callback_info info) {
  Lanes* lanes = nullptr;
  bool hash = false;
  Lane* lane = laneOf(env, info, &lanes, &hash);
  if (lane == nullptr) return nullptr;
  napi_value status = nullptr;
  napi_create_int32(env, lane->run(hash), &status);
  return status;
}

napi_value startLane(napi_env env, napi_callback_info info) {
  Lanes* lanes = nullptr;
  bool hash = false;
  Lane* lane = laneOf(env, info, &lanes, &hash);
  if (lane == nullptr) return nullptr;
  if (lanes->whenDone == nullptr) return throwError(env, "AIVM_NATIVE", "these lanes have no threads");
  if (lanes->inFlight++ == 0) napi_ref_threadsafe_function(env, lanes->whenDone);
  lane->start(hash);
  return nullptr;
}

napi_value closeCalled(napi_env env, napi_callback_info info) {
  const Arguments<1> given(env, info);
  closeLanes(env, static_cast<Lanes*>(given.data));
  return nullptr;
}

bool takeWeights(napi_env env, const PlanHandle& handle, napi_value packed, Weights* weights) {
  const Plan& plan = handle.plan;
  weights->constants = plan.addresses();
  uint32_t count = 0;
  if (napi_get_array_length(env, packed, &count) != napi_ok || count != plan.convSteps.size()) return false;
  const DenseKernels& dense = *denseKernels(plan.level);
  for (uint32_t i = 0; i < count; i++) {
    napi_value item = nullptr;
    Bytes bytes;
    if (napi_get_element(env, packed, i, &item) != napi_ok || !bytesOf(env, item, &bytes)) return false;
    if (bytes.bytes < dense.packedBytes(plan.words.data() + plan.convSteps[i])) return false;
    if (reinterpret_cast<uintptr_t>(bytes.data) % kArenaUnit != 0) return false;
    weights->packed.push_back(bytes.data);
  }
  return true;
}

bool startThreads(napi_env env, Lanes* lanes, napi_value onDone) {
  napi_value name = nullptr;
  napi_create_string_utf8(env, "aivm", NAPI_AUTO_LENGTH, &name);
  if (napi_create_threadsafe_function(env, onDone, nullptr, name, 0, 1, nullptr, nullptr, lanes, tellDone,
                                      &lanes->whenDone) != napi_ok)
    return false;
  napi_unref_threadsafe_function(env, lanes->whenDone);
  for (size_t i = 0; i < lanes->lanes.size(); i++) {
    const napi_threadsafe_function tell = lanes->whenDone;
    const int32_t lane = static_cast<int32_t>(i);
    lanes->lanes[i]->startThread([tell, lane](int status) {
      napi_call_threadsafe_function(tell, new Done{lane, status}, napi_tsfn_nonblocking);
    });
  }
  return true;
}

napi_value regionsOf(napi_env env, const Lanes& lanes, const std::shared_ptr<Region>& (Lane::*region)() const) {
  napi_value array = nullptr;
  napi_create_array(env, &array);
  for (size_t i = 0; i < lanes.lanes.size(); i++) {
    napi_value buffer = arrayBufferOf(env, (lanes.lanes[i].get()->*region)());
    if (buffer == nullptr) return nullptr;
    napi_set_element(env, array, static_cast<uint32_t>(i), buffer);
  }
  return array;
}

}  // namespace

napi_value createLanes(napi_env env, napi_callback_info info) {
  const Arguments<5> given(env, info);
  const PlanHandle* handle = planOf(env, given[0]);
  if (handle == nullptr) return nullptr;
  double threads = 0, requests = 0;
  if (!numberOf(env, given[2], &threads) || !numberOf(env, given[3], &requests) || !(threads >= 1 && requests >= 1) ||
      threads > kMostThreads || requests > kMostThreads)
    return throwError(env, "AIVM_NATIVE", "no number of threads and requests between 1 and 256");
  auto* lanes = new Lanes();
  napi_value object = nullptr;
  napi_create_object(env, &object);
  napi_wrap(env, object, lanes, deleteLanes, nullptr, nullptr);
  if (!takeWeights(env, *handle, given[1], &lanes->weights))
    return throwError(env, "AIVM_NATIVE", "packed weights that are not this plan's");
  for (int i = 0; i < static_cast<int>(requests); i++) {
    lanes->lanes.push_back(Lane::create(handle->plan, lanes->weights, static_cast<int>(threads)));
    if (lanes->lanes.back() != nullptr) continue;
    lanes->lanes.clear();
    return throwError(env, "AIVM_NATIVE_MEMORY", "the system has not the memory for this model");
  }
  napi_create_reference(env, given[0], 1, &lanes->plan);
  napi_create_reference(env, given[1], 1, &lanes->packed);
  napi_valuetype type = napi_undefined;
  napi_typeof(env, given[4], &type);
  if (type == napi_function && !startThreads(env, lanes, given[4]))
    return throwError(env, "AIVM_NATIVE", "no threads for runs in flight");
  napi_value arenas = regionsOf(env, *lanes, &Lane::arena), roots = regionsOf(env, *lanes, &Lane::roots);
  if (arenas == nullptr || roots == nullptr) return nullptr;
  napi_value scratch = nullptr;
  napi_create_double(env, static_cast<double>(handle->plan.scratchBytes), &scratch);
  setProperty(env, object, "arenas", arenas);
  setProperty(env, object, "roots", roots);
  setProperty(env, object, "scratchBytes", scratch);
  setFunction(env, object, "run", guarded<runLane>, lanes);
  setFunction(env, object, "start", guarded<startLane>, lanes);
  setFunction(env, object, "close", guarded<closeCalled>, lanes);
  return object;
}

}  // namespace aivm
