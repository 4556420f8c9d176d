/** Where a program's numbers run into the ends of their ranges: the sign of a calibration set that was too narrow. */
import type { Engine } from "../engine/engine.ts";
import { opOf } from "../ops/registry.ts";
import type { InputPort, Program } from "../program/program.ts";
import type { CalibrationSample } from "./calibrate.ts";
import { quantizeInput } from "./fidelity.ts";

/** One input or op. */
export interface Saturation {
  /** Input name, or op number and name. */
  readonly item: string;
  /** Share of elements, in [0, 1]: of an input, those beyond its range; of an op, those at the top of its range. */
  readonly share: number;
}

/** Shares over some samples. */
export interface SaturationReport {
  readonly samples: number;
  readonly inputs: readonly Saturation[];
  /** Convolutions and products: the ops whose scales calibration set, and whose clamp loses something. */
  readonly ops: readonly Saturation[];
}

/**
 * Runs the program on samples and counts.
 * @throws what `Engine.run` and `quantizeInput` do for samples that are not the program's
 */
export async function measureSaturation(task: {
  readonly program: Program;
  readonly engine: Engine;
  readonly samples: readonly CalibrationSample[];
}): Promise<SaturationReport> {
  const { program, engine, samples } = task;
  const beyond = program.inputs.map(() => ({ hits: 0, elements: 0 }));
  const top = program.ops.map(() => ({ hits: 0, elements: 0 }));
  for (const sample of samples) {
    const inputs = program.inputs.map((port, i) => {
      const values = sample[i] ?? [];
      const count = beyond[i];
      if (count !== undefined) addTo(count, values, (value) => isBeyond(port, Number(value)));
      return quantizeInput(port, values, !holdsIntegers(port));
    });
    await engine.run({
      inputs,
      onOp: (index, output) => {
        const count = top[index];
        const type = program.ops[index]?.output;
        if (count !== undefined && type !== undefined)
          addTo(count, output.data, (value) => value === type.hi && type.lo < type.hi);
      },
    });
  }
  const share = ({ hits, elements }: { hits: number; elements: number }): number =>
    elements === 0 ? 0 : hits / elements;
  return {
    samples: samples.length,
    inputs: program.inputs.map((port, i) => ({ item: port.name, share: share(beyond[i] ?? NONE) })),
    ops: program.ops.flatMap(({ opcode, output }, i) => {
      const { name } = opOf(opcode);
      if (output.dtype === "i32" || !PRODUCTS.has(name)) return [];
      return [{ item: `op ${i} (${name})`, share: share(top[i] ?? NONE) }];
    }),
  };
}

/** True for a port that carries integers (token ids, booleans) as they are. */
export function holdsIntegers(port: Pick<InputPort, "scale" | "zero" | "type">): boolean {
  return port.scale === 1 && port.zero === 0 && port.type.dtype === "i32";
}

const PRODUCTS: ReadonlySet<string> = new Set(["conv2d", "linear", "matmul"]);
const NONE = { hits: 0, elements: 0 };

function isBeyond(port: InputPort, value: number): boolean {
  const steps = value / port.scale + port.zero;
  return steps < port.type.lo - 0.5 || steps > port.type.hi + 0.5;
}

function addTo(
  count: { hits: number; elements: number },
  values: ArrayLike<number | bigint>,
  isHit: (value: number | bigint) => boolean,
): void {
  count.elements += values.length;
  for (let i = 0; i < values.length; i++) if (isHit(values[i] ?? 0)) count.hits++;
}
