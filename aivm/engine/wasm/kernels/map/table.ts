/** Rows of table (AssemblyScript): one load of the element, one of its entry. */

/** y = entries[a], `entries` being the address of the entry of 0; elements lie one behind the other. */
export function lookup(y: usize, yType: i32, a: usize, aType: i32, n: i32, entries: usize): void {
  if (yType == 0) lookupTo<i8>(y, a, aType, n, entries);
  else if (yType == 1) lookupTo<i16>(y, a, aType, n, entries);
  else lookupTo<i32>(y, a, aType, n, entries);
}

function lookupTo<Y>(y: usize, a: usize, aType: i32, n: i32, entries: usize): void {
  if (aType == 0) lookupRow<Y, i8>(y, a, n, entries);
  else if (aType == 1) lookupRow<Y, i16>(y, a, n, entries);
  else lookupRow<Y, i32>(y, a, n, entries);
}

function lookupRow<Y, A>(y: usize, a: usize, n: i32, entries: usize): void {
  for (; n >= 8; n -= 8) {
    store<Y>(y, entry<Y>(entries, <i32>load<A>(a)));
    store<Y>(y, entry<Y>(entries, <i32>load<A>(a, sizeof<A>())), sizeof<Y>());
    store<Y>(y, entry<Y>(entries, <i32>load<A>(a, 2 * sizeof<A>())), 2 * sizeof<Y>());
    store<Y>(y, entry<Y>(entries, <i32>load<A>(a, 3 * sizeof<A>())), 3 * sizeof<Y>());
    store<Y>(y, entry<Y>(entries, <i32>load<A>(a, 4 * sizeof<A>())), 4 * sizeof<Y>());
    store<Y>(y, entry<Y>(entries, <i32>load<A>(a, 5 * sizeof<A>())), 5 * sizeof<Y>());
    store<Y>(y, entry<Y>(entries, <i32>load<A>(a, 6 * sizeof<A>())), 6 * sizeof<Y>());
    store<Y>(y, entry<Y>(entries, <i32>load<A>(a, 7 * sizeof<A>())), 7 * sizeof<Y>());
    a += 8 * sizeof<A>();
    y += 8 * sizeof<Y>();
  }
  for (; n > 0; n--) {
    store<Y>(y, entry<Y>(entries, <i32>load<A>(a)));
    a += sizeof<A>();
    y += sizeof<Y>();
  }
}

// @ts-expect-error: a decorator of AssemblyScript
@inline
function entry<Y>(entries: usize, value: i32): Y {
  return load<Y>(entries + value * sizeof<Y>());
}
