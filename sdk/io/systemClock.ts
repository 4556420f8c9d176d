import type { Clock } from "../ports.ts";

/** The machine's clock and timers; the same in Node and in a browser. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};
