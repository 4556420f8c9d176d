import type { Clock } from "../../../sdk/ports.ts";

/** A clock that moves only when somebody sleeps. `onSleep` runs at every sleep, after the time has moved. */
export function steppedClock(onSleep: () => void = () => undefined): Clock {
  let now = 1_000_000;
  return {
    nowMs: () => now,
    sleep: async (ms) => {
      now += ms;
      onSleep();
    },
  };
}
