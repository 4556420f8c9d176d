/** The add-on for tests: compiled when it is missing or stale, and a written reason to skip where it can not be. */
import type { NativeBinding, NativeLevel } from "../../../../aivm/engine/native/binding.ts";
import { createNativeEngine, type NativeEngineOptions } from "../../../../aivm/engine/native/nativeEngine.ts";
import type { Engine } from "../../../../aivm/index.ts";
import { loadBinding } from "../../../../aivm/io/native.ts";
import { freshAddon, whyNoNative } from "../../../../scripts/buildNative.ts";

/** Binding of the add-on; skips the suite, saying why, where there is no compiler. To be called in a `before` hook. */
export async function bindingOrSkip(test: Mocha.Context): Promise<NativeBinding> {
  const reason = whyNoNative();
  if (reason !== undefined) {
    console.log(`      skipped: ${reason}`);
    test.skip();
  }
  // A first compilation takes longer than any test.
  test.timeout(600_000);
  return loadBinding(await freshAddon());
}

/** Engines of one model at every level that the CPU has, with 1, 2 and 3 threads. */
export async function enginesOf(
  binding: NativeBinding,
  model: NativeEngineOptions["model"],
): Promise<readonly { readonly name: string; readonly engine: Engine }[]> {
  const variants = binding
    .levels()
    .flatMap((level: NativeLevel) => [1, 2, 3].map((threads) => ({ level, threads })));
  return Promise.all(
    variants.map(async ({ level, threads }) => ({
      name: `${level}, ${threads} threads`,
      engine: await createNativeEngine({ model, binding, level, threads }),
    })),
  );
}
