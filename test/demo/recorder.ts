/** Writes down what happened when it happened, and tells it at once. */
import type { Step } from "./report.ts";

/** The demo's memory. */
export interface Recorder {
  readonly steps: readonly Step[];
  /** Runs a step and records it with its time; `did` says who did what, and where it can be looked up. */
  step<T>(
    step: string,
    work: () => Promise<{
      readonly what: string;
      readonly who: string;
      readonly ref: string;
      readonly value: T;
    }>,
  ): Promise<T>;
  /** Something worth telling that is not a step. */
  say(line: string): void;
  /** Seconds since the start. */
  elapsed(): number;
}

/** A recorder that tells through `say`. */
export function createRecorder(say: (line: string) => void): Recorder {
  const steps: Step[] = [];
  const start = performance.now();
  const elapsed = (): number => (performance.now() - start) / 1000;
  return {
    steps,
    elapsed,
    say: (line) => say(line),
    step: async (step, work) => {
      const began = performance.now();
      const { what, who, ref, value } = await work();
      const seconds = (performance.now() - began) / 1000;
      steps.push({ step, what, who, ref, seconds });
      say(
        `[${elapsed().toFixed(1).padStart(5)} s] ${step.padEnd(12)} ${what}  (${who}, ${ref.length > 26 ? `${ref.slice(0, 12)}..` : ref})`,
      );
      return value;
    },
  };
}
