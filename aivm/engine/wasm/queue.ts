/** A bounded queue in front of a fixed number of places. */
import { AivmError } from "../../../common/errors.ts";

/** Places that are taken and given back. */
export interface Queue<T extends object> {
  /** A place, once one is free, in the order of asking. @throws AIVM_BUSY when too many wait; AIVM_CLOSED after `close`. */
  take(): Promise<T>;
  give(place: T): void;
  /** Refuses those that wait, and all that come. */
  close(): void;
}

interface Waiting<T> {
  readonly resolve: (place: T) => void;
  readonly reject: (error: AivmError) => void;
}

/** Queue of `places` in which at most `maxWaiting` wait. */
export function createQueue<T extends object>(places: readonly T[], maxWaiting: number): Queue<T> {
  const free = [...places];
  const waiting: Waiting<T>[] = [];
  let closed = false;
  return {
    take: async () => {
      if (closed) throw closedError();
      const place = free.pop();
      if (place !== undefined) return place;
      if (waiting.length >= maxWaiting) throw busyError(places.length, maxWaiting);
      return new Promise<T>((resolve, reject) => waiting.push({ resolve, reject }));
    },
    give: (place) => {
      const next = waiting.shift();
      if (next === undefined) free.push(place);
      else next.resolve(place);
    },
    close: () => {
      closed = true;
      for (const { reject } of waiting.splice(0)) reject(closedError());
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

function busyError(places: number, maxWaiting: number): AivmError {
  return new AivmError("AIVM_BUSY", {
    what: "requests",
    want: `at most ${places} in flight and ${maxWaiting} waiting`,
    got: "one more",
    remedy: "send it again later, or make the engine for more requests",
  });
}
