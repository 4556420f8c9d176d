// The lanes of an engine as a JavaScript object, and plans as external values.
#pragma once
#include "napi.h"
#include "plan.h"

namespace aivm {

// A plan with the JavaScript arrays of its constants, which it keeps alive.
struct PlanHandle {
  Plan plan;
  napi_ref constants = nullptr;
};

// createPlan(level, words, constants, arenaBytes, inputs, outputs, ops): external value.
// Rows of inputs, outputs and ops in BigInt64Arrays: offset, bytes, dtype, lo, hi.
napi_value createPlan(napi_env env, napi_callback_info info);

// convSteps(plan): Int32Array of the first words of the steps that want packed weights.
napi_value convSteps(napi_env env, napi_callback_info info);

// packedBytes(plan, conv): number.
napi_value packedBytes(napi_env env, napi_callback_info info);

// pack(plan, conv, target): packs the weights of that conv step into a Uint8Array whose memory is aligned to 64.
napi_value pack(napi_env env, napi_callback_info info);

// createLanes(plan, packed, threads, requests, onDone): object with arenas, roots, scratchBytes, run(lane, hash),
// start(lane, hash) and close(). `packed` holds one Uint8Array for each conv step; onDone(lane, status) is called after
// a started run.
napi_value createLanes(napi_env env, napi_callback_info info);

// Plan of an external value; null and an error thrown when it is something else.
PlanHandle* planOf(napi_env env, napi_value value);

}  // namespace aivm
