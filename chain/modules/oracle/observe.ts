/** Observations of EVM chains: the same word of more than two thirds of the attesters' power opens a request. */
import { bytesToHex, equalBytes } from "../../../common/index.ts";
import { evmOriginRequestId } from "../../../proto/hashes.ts";
import type { Messages } from "../../../proto/index.ts";
import type { Context } from "../../context.ts";
import type { IntakePort } from "../ports.ts";
import { totalPower } from "./attestation.ts";
import { oracleError } from "./errors.ts";
import { emitObserved } from "./events.ts";
import { isQuorum, observationDigest } from "./math.ts";
import {
  getAttesterSet,
  getDestination,
  getObservations,
  type Observation,
  setObservations,
} from "./view.ts";

type MsgObserveRequest = Messages["aivm.oracle.v1.MsgObserveRequest"];

/** Counts one observer's word. For a request that is there already it is a success without effect. */
export function observeRequest(
  ctx: Context,
  intake: IntakePort,
  message: MsgObserveRequest,
): Messages["aivm.oracle.v1.MsgObserveRequestResponse"] {
  const { observer } = message;
  assertObserver(ctx, observer);
  assertServed(ctx, message);
  const requestId = evmOriginRequestId(message);
  if (intake.request(ctx, requestId) !== undefined) return { requestId, accepted: true };
  const digest = observationDigest(message);
  const observations = withWord(getObservations(ctx, requestId), { digest, observer });
  const agreed = observations.find((observation) => equalBytes(observation.digest, digest));
  const accepted = isQuorum(powerOf(ctx, agreed?.observers ?? []), totalPower(getAttesterSet(ctx)));
  setObservations(ctx, requestId, accepted ? [] : observations);
  if (accepted) intake.openFromEvm(ctx, message);
  emitObserved(ctx, { requestId, observer, accepted });
  return { requestId, accepted };
}

/** The observations with one more word; an observer's earlier word on the same request no longer counts. */
function withWord(
  observations: readonly Observation[],
  word: { readonly digest: Uint8Array; readonly observer: string },
): Observation[] {
  const { digest, observer } = word;
  const others = observations
    .map((observation) => ({
      ...observation,
      observers: observation.observers.filter((name) => name !== observer),
    }))
    .filter(({ observers, digest: known }) => observers.length > 0 || equalBytes(known, digest));
  const same = others.find((observation) => equalBytes(observation.digest, digest));
  if (same === undefined) return [...others, { digest, observers: [observer] }];
  return others.map((observation) =>
    observation === same ? { ...same, observers: [...same.observers, observer] } : observation,
  );
}

function powerOf(ctx: Context, observers: readonly string[]): bigint {
  return getAttesterSet(ctx)
    .attesters.filter(({ observer }) => observers.includes(observer))
    .reduce((sum, { power }) => sum + power, 0n);
}

function assertObserver(ctx: Context, observer: string): void {
  if (getAttesterSet(ctx).attesters.some((attester) => attester.observer === observer)) return;
  throw oracleError("notAnObserver", {
    what: "observer",
    item: observer,
    want: "the observing account of a validator in the attester set",
    got: "another account",
    remedy: "Only validators' own observers may report requests of other chains.",
  });
}

function assertServed(ctx: Context, message: MsgObserveRequest): void {
  if (getDestination(ctx, message) !== undefined) return;
  throw oracleError("unknownDestination", {
    what: "oracle contract",
    item: `${bytesToHex(message.oracle)} on chain ${message.evmChainId}`,
    want: "one that this chain serves",
    got: "another",
    remedy: "The authority adds contracts with MsgAddDestination.",
  });
}
