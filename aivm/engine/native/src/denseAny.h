// convAny, and conv steps that no packed path takes: plain loops with sums in 64 bits.
#pragma once
#include "denseFinish.h"

namespace aivm {
namespace {

// Sum of x x w over the window of output pixel (n, oy, ox) and channel o.
template <class X, class W>
int64_t windowSum(const ConvStep& c, const X* x, const W* w, const int64_t* at, int64_t o) {
  const int64_t inputs = c.C / c.groups, first = o / (c.Cout / c.groups) * inputs;
  const W* row = w + o * c.kernelH * c.kernelW * inputs;
  int64_t sum = 0;
  for (int64_t i = 0; i < c.kernelH; i++) {
    const int64_t iy = at[1] * c.strideH - c.padTop + i * c.dilationH;
    for (int64_t j = 0; j < c.kernelW; j++, row += inputs) {
      const int64_t ix = at[2] * c.strideW - c.padLeft + j * c.dilationW;
      const bool inside = iy >= 0 && iy < c.H && ix >= 0 && ix < c.W;
      const X* from = inside ? x + ((at[0] * c.H + iy) * c.W + ix) * c.C + first : nullptr;
      for (int64_t k = 0; k < inputs; k++)
        sum += static_cast<int64_t>(inside ? static_cast<int32_t>(from[k]) : c.padValue) * row[k];
    }
  }
  return sum;
}

inline double factorAt(const ConvStep& c, const uint8_t* multiplier, const uint8_t* shift, int64_t o) {
  const int m = most(0, least(2097151, elementAt(multiplier, c.multiplier.dtype, o)));
  const int s = most(0, least(62, elementAt(shift, c.shift.dtype, o)));
  return m * twoTo(-s);
}

template <class X, class W>
void convPlainOf(const ConvStep& c, const Context& context, int thread, int threads) {
  const auto place = [&](const Ref& ref) { return addressIn(ref, context.arena, context.constants); };
  const X* x = reinterpret_cast<const X*>(place(c.x));
  const W* w = reinterpret_cast<const W*>(place(c.w));
  const uint8_t *bias = place(c.bias), *multiplier = place(c.multiplier), *shift = place(c.shift);
  const Finish finish = finishOf(c, context, modeSafe);
  const int64_t units = c.N * c.OH * c.OW * c.Cout, to = shareFrom(units, thread + 1, threads);
  for (int64_t unit = shareFrom(units, thread, threads); unit < to; unit++) {
    const int64_t o = unit % c.Cout, pixel = unit / c.Cout;
    const int64_t at[3] = {pixel / c.OW / c.OH, pixel / c.OW % c.OH, pixel % c.OW};
    const int64_t acc = elementAt(bias, c.bias.dtype, o) + windowSum(c, x, w, at, o);
    const double factor = factorAt(c, multiplier, shift, o);
    finishColumns(finish, &acc, &factor, 1, unit);
  }
}

inline void convPlain(const ConvStep& c, const Context& context, int thread, int threads) {
  if (c.x.dtype == 0 && c.w.dtype == 0) convPlainOf<int8_t, int8_t>(c, context, thread, threads);
  else if (c.x.dtype == 0) convPlainOf<int8_t, int16_t>(c, context, thread, threads);
  else if (c.w.dtype == 0) convPlainOf<int16_t, int8_t>(c, context, thread, threads);
  else convPlainOf<int16_t, int16_t>(c, context, thread, threads);
}

}  // namespace
}  // namespace aivm
