/** A bounded queue in front of a fixed number of lanes. */
import { AivmError } from "../../../common/errors.ts";

/** Lanes that are taken and given back. */
export interface LaneQueue {
  /** A free lane, in the order of asking. @throws AIVM_BUSY when too many wait; AIVM_CLOSED after `close`. */
  take(): Promise<number>;
  give(lane: number): void;
  /** Refuses those that wait and all that come; resolves when every lane has been given back. */
  close(): Promise<void>;
}

interface Waiting {
  readonly resolve: (lane: number) => void;
  readonly reject: (error: AivmError) => void;
}

/** Queue of lanes 0 to `lanes` - 1 in which at most `mostWaiting` wait. */
export function createLaneQueue(lanes: number, mostWaiting: number): LaneQueue {
  const free = Array.from({ length: lanes }, (_, lane) => lane);
  const waiting: Waiting[] = [];
  let whenIdle: (() => void) | undefined;
  let closed = false;
  return {
    take: async () => {
      if (closed) throw closedError();
      const lane = free.pop();
      if (lane !== undefined) return lane;
      if (waiting.length >= mostWaiting) throw busyError(lanes, mostWaiting);
      return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
    },
    give: (lane) => {
      const next = waiting.shift();
      if (next !== undefined) return next.resolve(lane);
      free.push(lane);
      if (free.length === lanes) whenIdle?.();
    },
    close: async () => {
      closed = true;
      for (const { reject } of waiting.splice(0)) reject(closedError());
      if (free.length < lanes) await new Promise<void>((resolve) => (whenIdle = resolve));
    },
  };
}

/** What a run of an engine that was closed is told. */
export function closedError(): AivmError {
  return new AivmError("AIVM_CLOSED", {
    what: "engine",
    want: "one that is open",
    got: "one that was closed",
    remedy: "load the model again",
  });
}

function busyError(lanes: number, mostWaiting: number): AivmError {
  return new AivmError("AIVM_BUSY", {
    what: "requests",
    want: `at most ${lanes} in flight and ${mostWaiting} waiting`,
    got: "one more",
    remedy: "send it again later, or make the engine for more requests",
  });
}
