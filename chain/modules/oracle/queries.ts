/** Queries of module oracle. */
import { bytesToHex } from "../../../common/index.ts";
import type { Messages } from "../../../proto/index.ts";
import type { Context } from "../../context.ts";
import type { QueryHandler } from "../../module.ts";
import { moduleQuery } from "../messages.ts";
import type { IntakePort } from "../ports.ts";
import { signedPower, totalPower } from "./attestation.ts";
import { oracleError } from "./errors.ts";
import { isQuorum, resultsPath, signerBitmap } from "./math.ts";
import { getAttesterSet, getLeaf, getLocation, getParams, getResultsRoot, listDestinations } from "./view.ts";

type Proof = Messages["aivm.oracle.v1.QueryResultProofResponse"];

/** Handlers of the module's queries. */
export function oracleQueries(intake: IntakePort): QueryHandler[] {
  const module = "oracle";
  return [
    moduleQuery({ module, query: "AttesterSet" }, (ctx) => ({
      set: getAttesterSet(ctx),
      genesisHash: ctx.genesisHash,
    })),
    moduleQuery({ module, query: "ResultsRoot" }, (ctx, { height }) => {
      const resultsRoot = getResultsRoot(ctx, height);
      if (resultsRoot !== undefined) return { resultsRoot };
      throw oracleError("unknownRoot", {
        what: "results root",
        item: `height ${height}`,
        want: "a height whose block ended requests of EVM chains",
        got: "not found: none, or no longer kept",
        remedy: "Ask for the proof of a request instead.",
      });
    }),
    moduleQuery({ module, query: "ResultProof" }, (ctx, { requestId }) =>
      resultProof(ctx, intake, requestId),
    ),
    moduleQuery({ module, query: "Destinations" }, (ctx) => ({ destinations: listDestinations(ctx) })),
    moduleQuery({ module, query: "Params" }, (ctx) => ({ params: getParams(ctx) })),
  ];
}

function resultProof(ctx: Context, intake: IntakePort, requestId: Uint8Array): Proof {
  const leaf = getLeaf(ctx, requestId);
  if (leaf === undefined) {
    throw oracleError("noRecord", {
      what: "record",
      item: bytesToHex(requestId),
      want: "a request of an EVM chain that is FINAL or EXPIRED",
      got: "not found",
      remedy: "Wait until the request has ended.",
    });
  }
  const output = intake.output(ctx, requestId) ?? new Uint8Array();
  return { ...(provenBy(ctx, requestId) ?? { ...UNPROVEN, leaf }), output };
}

/** The leaf under its root, or undefined while no kept root holds it. */
function provenBy(ctx: Context, requestId: Uint8Array): Omit<Proof, "output"> | undefined {
  const location = getLocation(ctx, requestId);
  const root = location === undefined ? undefined : getResultsRoot(ctx, location.height);
  const leaf = location === undefined ? undefined : root?.leaves[location.index];
  if (location === undefined || root === undefined || leaf === undefined) return undefined;
  const set = getAttesterSet(ctx);
  return {
    attested: isQuorum(signedPower(set, root), totalPower(set)),
    leaf,
    root: root.root,
    rootHeight: root.height,
    index: location.index,
    path: resultsPath(root.leaves, location.index),
    setId: root.setId,
    bitmap: signerBitmap(root.signatures.map(({ index }) => index)),
    signatures: root.signatures.map(({ signature }) => signature),
  };
}

const UNPROVEN: Omit<Proof, "leaf" | "output"> = {
  attested: false,
  root: new Uint8Array(),
  rootHeight: 0n,
  index: 0,
  path: [],
  setId: 0n,
  bitmap: new Uint8Array(32),
  signatures: [],
};
