/** The machine's clock. */
import { setTimeout as pause } from "node:timers/promises";
import type { Clock } from "../ports.ts";

/** Real time; a sleep ends early, without an error, when its signal aborts. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  sleep: (ms, signal) => pause(ms, undefined, { signal }).catch(() => undefined),
};
