/** A bounded queue in front of the fixed number of places in which runs compute. */
import { AivmError } from "../../common/errors.ts";

/** Places that are taken and given back. */
export interface Queue<T> {
  /** A free place, in the order of asking. @throws AIVM_BUSY when too many wait; AIVM_CLOSED after `close`. */
  take(): Promise<T>;
  give(place: T): void;
  /** Refuses those that wait and all that come; resolves when every place has been given back. */
  close(): Promise<void>;
}

interface Waiting<T> {
  readonly resolve: (place: T) => void;
  readonly reject: (error: AivmError) => void;
}

/** Queue of `places` in which at most `mostWaiting` wait. */
export function createQueue<T>(places: readonly T[], mostWaiting: number): Queue<T> {
  const free = [...places];
  const waiting: Waiting<T>[] = [];
  let whenIdle: (() => void) | undefined;
  let closed = false;
  return {
    take: async () => {
      if (closed) throw closedError();
      const place = free.pop();
      if (place !== undefined) return place;
      if (waiting.length >= mostWaiting) throw busyError(places.length, mostWaiting);
      return new Promise<T>((resolve, reject) => waiting.push({ resolve, reject }));
    },
    give: (place) => {
      const next = waiting.shift();
      if (next !== undefined) return next.resolve(place);
      free.push(place);
      if (free.length === places.length) whenIdle?.();
    },
    close: async () => {
      closed = true;
      for (const { reject } of waiting.splice(0)) reject(closedError());
      if (free.length < places.length) await new Promise<void>((resolve) => (whenIdle = resolve));
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

function busyError(places: number, mostWaiting: number): AivmError {
  return new AivmError("AIVM_BUSY", {
    what: "requests",
    want: `at most ${places} in flight and ${mostWaiting} waiting`,
    got: "one more",
    remedy: "send it again later, or make the engine for more requests",
  });
}
