/** Parameters of module oracle. */
import type { Messages } from "../../../proto/index.ts";

/** Parameters. */
export type OracleParams = Messages["aivm.oracle.v1.Params"];

/** Those of any network; genesis names the authority. An empty one means that nobody may add destinations. */
export const DEFAULT_ORACLE_PARAMS: OracleParams = { authority: "", keepRoots: 10_000n };
