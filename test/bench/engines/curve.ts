/** Time against size: engines alone, on networks of 10^5 to 10^10 multiply-adds. */
import type { Figure } from "../rows.ts";
import type { EngineAdapter } from "./adapters.ts";
import { figure, modelContext, openEngine } from "./context.ts";
import { convolutions, denseLayers, type Family } from "./models/families.ts";
import { generatedModel } from "./models/list.ts";
import { measureAlone, type PairPlan } from "./pairs.ts";

const FAMILIES: Readonly<Record<string, Family>> = { cnn: convolutions, mlp: denseLayers };
const EXPONENTS = [5, 6, 7, 8, 9, 10];

/** latencyMs and gmacPerSecond of every family, size, engine and number of threads. */
export async function curveFigures(
  adapters: readonly EngineAdapter[],
  options: { readonly plan: PairPlan; readonly say: (line: string) => void },
): Promise<Figure[]> {
  const rows: Figure[] = [];
  for (const [name, family] of Object.entries(FAMILIES)) {
    for (const exponent of EXPONENTS) {
      const { onnx, inputs, macs } = family(10 ** exponent);
      const source = generatedModel({ name: `${name}-1e${exponent}`, onnx, inputs });
      const context = await modelContext(source, options);
      for (const adapter of adapters) {
        for (const threads of adapter.threads) {
          const ours = await openEngine(context, adapter, { threads });
          const ms = await measureAlone(ours, { ...options.plan, budgetMs: options.plan.budgetMs / 4 });
          await ours.close();
          options.say(`${context.label}: ${adapter.name} ${ms.toPrecision(3)} ms (${threads} threads)`);
          const which = { case: context.label, engine: adapter.name, threads, peer: null, ratio: null };
          rows.push(figure({ ...which, metric: "latencyMs", value: ms, unit: "ms" }));
          rows.push(figure({ ...which, metric: "gmacPerSecond", value: macs / ms / 1e6, unit: "GMAC/s" }));
        }
      }
    }
  }
  return rows;
}
