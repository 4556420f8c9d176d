/** Made by scripts/genProto.ts. Do not edit. */

export const DisputeStatus: {
  readonly DISPUTE_STATUS_UNSPECIFIED: 0;
  readonly DISPUTE_STATUS_OPEN: 1;
  readonly DISPUTE_STATUS_FINAL: 2;
  readonly DISPUTE_STATUS_VOID: 3;
} = {
  DISPUTE_STATUS_UNSPECIFIED: 0,
  DISPUTE_STATUS_OPEN: 1,
  DISPUTE_STATUS_FINAL: 2,
  DISPUTE_STATUS_VOID: 3,
};

export const ClaimStatus: {
  readonly CLAIM_STATUS_UNSPECIFIED: 0;
  readonly CLAIM_STATUS_ALIVE: 1;
  readonly CLAIM_STATUS_LOST: 2;
  readonly CLAIM_STATUS_MERGED: 3;
} = {
  CLAIM_STATUS_UNSPECIFIED: 0,
  CLAIM_STATUS_ALIVE: 1,
  CLAIM_STATUS_LOST: 2,
  CLAIM_STATUS_MERGED: 3,
};

export const LossReason: {
  readonly LOSS_REASON_UNSPECIFIED: 0;
  readonly LOSS_REASON_TIMEOUT: 1;
  readonly LOSS_REASON_ELEMENT: 2;
  readonly LOSS_REASON_OUTPUT: 3;
  readonly LOSS_REASON_PADDING: 4;
  readonly LOSS_REASON_MALFORMED: 5;
  readonly LOSS_REASON_COPY: 6;
} = {
  LOSS_REASON_UNSPECIFIED: 0,
  LOSS_REASON_TIMEOUT: 1,
  LOSS_REASON_ELEMENT: 2,
  LOSS_REASON_OUTPUT: 3,
  LOSS_REASON_PADDING: 4,
  LOSS_REASON_MALFORMED: 5,
  LOSS_REASON_COPY: 6,
};

export const MatchStatus: {
  readonly MATCH_STATUS_UNSPECIFIED: 0;
  readonly MATCH_STATUS_OPEN: 1;
  readonly MATCH_STATUS_OVER: 2;
} = {
  MATCH_STATUS_UNSPECIFIED: 0,
  MATCH_STATUS_OPEN: 1,
  MATCH_STATUS_OVER: 2,
};

export const MatchStage: {
  readonly MATCH_STAGE_UNSPECIFIED: 0;
  readonly MATCH_STAGE_TRACE_ROOT: 1;
  readonly MATCH_STAGE_OPS: 2;
  readonly MATCH_STAGE_ITEM: 3;
  readonly MATCH_STAGE_TILES: 4;
  readonly MATCH_STAGE_CHUNK: 5;
  readonly MATCH_STAGE_ELEMENT: 6;
  readonly MATCH_STAGE_OUTPUT: 7;
  readonly MATCH_STAGE_COPY: 8;
} = {
  MATCH_STAGE_UNSPECIFIED: 0,
  MATCH_STAGE_TRACE_ROOT: 1,
  MATCH_STAGE_OPS: 2,
  MATCH_STAGE_ITEM: 3,
  MATCH_STAGE_TILES: 4,
  MATCH_STAGE_CHUNK: 5,
  MATCH_STAGE_ELEMENT: 6,
  MATCH_STAGE_OUTPUT: 7,
  MATCH_STAGE_COPY: 8,
};

export const RequestStatus: {
  readonly REQUEST_STATUS_UNSPECIFIED: 0;
  readonly REQUEST_STATUS_OPEN: 1;
  readonly REQUEST_STATUS_COMMITTED: 2;
  readonly REQUEST_STATUS_ACCEPTED: 3;
  readonly REQUEST_STATUS_DISPUTED: 4;
  readonly REQUEST_STATUS_FINAL: 5;
  readonly REQUEST_STATUS_EXPIRED: 6;
} = {
  REQUEST_STATUS_UNSPECIFIED: 0,
  REQUEST_STATUS_OPEN: 1,
  REQUEST_STATUS_COMMITTED: 2,
  REQUEST_STATUS_ACCEPTED: 3,
  REQUEST_STATUS_DISPUTED: 4,
  REQUEST_STATUS_FINAL: 5,
  REQUEST_STATUS_EXPIRED: 6,
};

export const ModelStatus: {
  readonly MODEL_STATUS_UNSPECIFIED: 0;
  readonly MODEL_STATUS_REGISTERED: 1;
  readonly MODEL_STATUS_ACTIVE: 2;
  readonly MODEL_STATUS_INVALID: 3;
} = {
  MODEL_STATUS_UNSPECIFIED: 0,
  MODEL_STATUS_REGISTERED: 1,
  MODEL_STATUS_ACTIVE: 2,
  MODEL_STATUS_INVALID: 3,
};

export const PrivateQueryStatus: {
  readonly PRIVATE_QUERY_STATUS_UNSPECIFIED: 0;
  readonly PRIVATE_QUERY_STATUS_OPEN: 1;
  readonly PRIVATE_QUERY_STATUS_SETTLED: 2;
  readonly PRIVATE_QUERY_STATUS_REFUNDED: 3;
} = {
  PRIVATE_QUERY_STATUS_UNSPECIFIED: 0,
  PRIVATE_QUERY_STATUS_OPEN: 1,
  PRIVATE_QUERY_STATUS_SETTLED: 2,
  PRIVATE_QUERY_STATUS_REFUNDED: 3,
};

/** Type of a tensor: what values it may hold. `lo` and `hi` are inclusive. */
export interface TensorDecl {
  readonly dtype: number;
  readonly shape: readonly number[];
  readonly lo: number;
  readonly hi: number;
}

/** Where an operand comes from. kind: 1 = program input, 2 = output of an earlier op, 3 = constant. */
export interface OperandRef {
  readonly kind: number;
  readonly index: number;
}

/** One op: one output tensor. Attributes are positional; the op names them (aivm/ops). */
export interface OpDescriptor {
  readonly opcode: number;
  readonly operands: readonly OperandRef[];
  readonly output?: TensorDecl | undefined;
  readonly attrs: readonly number[];
}

/** An input of the program: real = scale x (q - zero). */
export interface InputDecl {
  readonly name: string;
  readonly type?: TensorDecl | undefined;
  readonly scale: number;
  readonly zero: number;
  /** How raw bytes become the tensor: "tensor" = canonical bytes. */
  readonly ingest: string;
}

/** An output of the program: which tensor it is, and real = scale x (q - zero). */
export interface OutputDecl {
  readonly name: string;
  readonly source?: OperandRef | undefined;
  readonly scale: number;
  readonly zero: number;
}

/** Everything that gives the descriptors their meaning and is not in them. */
export interface Meta {
  readonly specVersion: number;
  readonly name: string;
  readonly inputs: readonly InputDecl[];
  readonly constants: readonly TensorDecl[];
  readonly outputs: readonly OutputDecl[];
  /** Quantisation scheme that the compiler used, for example "a8". */
  readonly precision: string;
  /** The measured card, JSON text made by the compiler; may be empty. */
  readonly card: string;
}

/** Head of an artifact file. The data section behind it holds the constants in order, each aligned to 64 bytes. */
export interface ArtifactHeader {
  /** Canonical bytes of OpDescriptor, in program order. */
  readonly descriptors: readonly Uint8Array[];
  /** Canonical bytes of Meta. */
  readonly meta: Uint8Array;
  /** Root of each constant, 32 bytes each. */
  readonly constantRoots: readonly Uint8Array[];
}

/** What one operand of one element was: the chunks that hold the elements read, and the proof that they are its chunks. An operand of which no element is read has every field empty. */
export interface OperandOpening {
  /** Indices of the opened chunks, ascending. */
  readonly chunks: readonly number[];
  /** The chunks' bytes, concatenated in that order. */
  readonly data: Uint8Array;
  /** Hashes that lead from the chunks to the tensor root: level by level from the leaves, left to right, 32 bytes each. */
  readonly siblings: Uint8Array;
  /** Path of the tensor root in the trace root, the input root or the weights root, 32 bytes a hash. */
  readonly path: Uint8Array;
}

/** All that is needed to recompute one element of one op: one opening per operand, in order. */
export interface ElementWitness {
  readonly operands: readonly OperandOpening[];
}

/** Inclusion of one trace slot in a trace root: the item is u32be(slot) || root. */
export interface SlotOpening {
  readonly slot: number;
  readonly root: Uint8Array;
  readonly path: readonly Uint8Array[];
}

/** First half of joining: commitment = H("aivm/join" || request id || output root || trace root || signer 20 || salt 32). Takes the bond. */
export interface MsgJoin {
  readonly challenger: string;
  readonly requestId: Uint8Array;
  readonly commitment: Uint8Array;
}

export type MsgJoinResponse = Record<string, never>;

/** Second half: a rival claim with its own output, and proofs that its trace begins at the chain's input root and ends at that output's root. */
export interface MsgRevealJoin {
  readonly challenger: string;
  readonly requestId: Uint8Array;
  readonly output: Uint8Array;
  readonly traceRoot: Uint8Array;
  readonly salt: Uint8Array;
  readonly inputSlot?: SlotOpening | undefined;
  readonly outputSlot?: SlotOpening | undefined;
  /** EVM address (20 bytes) for the work fee should this claim stand; empty = none. */
  readonly payee: Uint8Array;
}

export interface MsgRevealJoinResponse {
  readonly claim: number;
}

/** Claim 0's signer posts its trace root once a rival has joined. */
export interface MsgPostTraceRoot {
  readonly signer: string;
  readonly requestId: Uint8Array;
  readonly traceRoot: Uint8Array;
  readonly inputSlot?: SlotOpening | undefined;
  readonly outputSlot?: SlotOpening | undefined;
  /** Opening of the root itself: its first move, made with the same transaction. Optional. */
  readonly children: readonly Uint8Array[];
}

export type MsgPostTraceRootResponse = Record<string, never>;

/** One move: the descendants of the current node of one claim of the match, and, when the rival's opening of the same node is already there, also those of the first differing child, one level further down. Anyone may send it. */
export interface MsgOpenNode {
  readonly sender: string;
  readonly matchId: Uint8Array;
  /** Claim whose tree is opened. */
  readonly claim: number;
  /** Where the match stands: level, and the two hashes of the current node (of claim `left` and claim `right`). */
  readonly level: number;
  readonly leftHash: Uint8Array;
  readonly rightHash: Uint8Array;
  /** What the node consists of. Inside a tree: the hashes of its descendants, left to right. A leaf of the op tree: its item, and behind it what the tensor root in the item consists of. A leaf of a tile tree: its chunk. */
  readonly children: readonly Uint8Array[];
  /** The same one level further down, at the first differing child. Optional. */
  readonly nextChildren: readonly Uint8Array[];
}

export interface MsgOpenNodeResponse {
  /** False when somebody had made the move before. */
  readonly applied: boolean;
}

/** The last move. Anyone may send it. Stage ELEMENT: the witness of the disputed element. Stage OUTPUT: the slots whose tensors are the program's outputs. Stage COPY: the slot before. */
export interface MsgProveElement {
  readonly sender: string;
  readonly matchId: Uint8Array;
  readonly level: number;
  readonly leftHash: Uint8Array;
  readonly rightHash: Uint8Array;
  /** aivm.artifact.v1.ElementWitness. */
  readonly witness: Uint8Array;
  /** Claim of the match in whose trace the paths lie (both have the same items left of the disputed slot). */
  readonly claim: number;
  readonly slots: readonly SlotOpening[];
}

export interface MsgProveElementResponse {
  /** True when this message removed at least one claim; false when the match was over. */
  readonly decided: boolean;
}

/** Removes the claims of a match whose clock has run out. */
export interface MsgTimeout {
  readonly sender: string;
  readonly matchId: Uint8Array;
}

export interface MsgTimeoutResponse {
  /** False when the match was over. */
  readonly applied: boolean;
}

/** The rules of one dispute: copied when it opens, so that a change of parameters touches no open game. */
export interface GameRules {
  readonly windowMs: bigint;
  /** T_c + T_m / 2: a claim's clock at the start of a match, and the most it can hold. */
  readonly clockMs: bigint;
  /** E: given back to both clocks by each level. */
  readonly levelMs: bigint;
  readonly revealBlocks: bigint;
  /** An opening shows 2^arity_log2 descendants. */
  readonly arityLog2: number;
  /** Slots of a trace of the model. */
  readonly slots: number;
  /** Bond of each of the first `flat_rivals` rivals; doubles with every one after that. */
  readonly bondUaivm: bigint;
  readonly flatRivals: number;
}

/** The claim set of one request. */
export interface Dispute {
  readonly requestId: Uint8Array;
  readonly modelId: Uint8Array;
  readonly inputRoot: Uint8Array;
  /** 1 for the first claim set of a request, one more each time it reopens. */
  readonly generation: number;
  readonly status: number;
  readonly rules?: GameRules | undefined;
  readonly claims: number;
  readonly matches: number;
  /** Joins ever committed. */
  readonly joins: number;
  readonly openedMs: bigint;
  /** Bonds taken, and what became of them: bonded = burned + paid + what claims, joins and pool hold. */
  readonly bondedUaivm: bigint;
  readonly burnedUaivm: bigint;
  readonly paidUaivm: bigint;
  /** Forfeited, and not yet anybody's. */
  readonly poolUaivm: bigint;
}

/** One account behind a claim. */
export interface ClaimMember {
  readonly address: string;
  /** EVM address (20 bytes) for the work fee; empty = none. */
  readonly payee: Uint8Array;
  readonly bondUaivm: bigint;
  /** Height of its commitment (claim 0: of its acceptance). */
  readonly committedHeight: bigint;
}

/** Claims with the same output and the same trace root are one, with several members. */
export interface Claim {
  /** Order of arrival; 0 = the accepted result. */
  readonly index: number;
  readonly members: readonly ClaimMember[];
  readonly outputRoot: Uint8Array;
  /** Empty = not posted (claim 0 only). */
  readonly traceRoot: Uint8Array;
  readonly status: number;
  readonly loss: number;
  /** Since when its output is public. */
  readonly publicMs: bigint;
  readonly revealedHeight: bigint;
  /** Forfeited to it by those it beat. */
  readonly wonUaivm: bigint;
}

/** A commitment that waits for its reveal. */
export interface Join {
  readonly challenger: string;
  readonly commitment: Uint8Array;
  readonly bondUaivm: bigint;
  readonly committedHeight: bigint;
  /** Order among all joins of the dispute. */
  readonly number: number;
}

/** One claim's side of a match. */
export interface MatchSide {
  readonly claim: number;
  /** Hash of its current node; empty while its trace root is not posted. */
  readonly hash: Uint8Array;
  /** Its opening of that node, when it is there and the rival's is not. */
  readonly opening: readonly Uint8Array[];
  /** What was left of its clock at the match's `since_ms`. */
  readonly clockMs: bigint;
  readonly out: boolean;
  /** Its value of the disputed element (stage ELEMENT). */
  readonly value: number;
}

/** Where the match stood at one level, kept so that a late move is known for one that was made before. */
export interface MatchStep {
  readonly leftHash: Uint8Array;
  readonly rightHash: Uint8Array;
}

export interface Match {
  /** H("aivm/match" || request id || u32be(generation) || u32be(left) || u32be(right)). */
  readonly id: Uint8Array;
  readonly requestId: Uint8Array;
  readonly number: number;
  readonly status: number;
  readonly stage: number;
  /** Levels that both have opened. */
  readonly level: number;
  /** The current node: its height above the leaves of its tree, and its index among the nodes of that height. */
  readonly height: number;
  readonly node: number;
  readonly left?: MatchSide | undefined;
  readonly right?: MatchSide | undefined;
  /** Dispute time of the last change of clocks. */
  readonly sinceMs: bigint;
  readonly steps: readonly MatchStep[];
  /** Disputed slot, chunk of its tensor, and element, once known. */
  readonly slot: number;
  readonly chunk: number;
  readonly element: number;
  /** Moves that changed it. */
  readonly moves: number;
  readonly openedHeight: bigint;
}

/** Dispute time, and the header time that it was last advanced to. */
export interface DisputeClock {
  readonly nowMs: bigint;
  readonly headerMs: bigint;
}

export interface DisputeParams {
  /** T_c. */
  readonly clockMs: bigint;
  /** E. */
  readonly levelMs: bigint;
  readonly revealBlocks: bigint;
  readonly arityLog2: number;
  readonly blockIntervalMs: bigint;
  /** Bond B = bond_factor x ((levels + 3) x gas_per_move x gas price + cost of two executions + final witness). */
  readonly bondFactor: number;
  readonly gasPerMove: bigint;
  readonly witnessGas: bigint;
  /** Highest gas price that a bond covers, in millionths of uaivm. */
  readonly gasPriceMicro: bigint;
  /** Price of 10^9 vmGas. */
  readonly gigaVmGasUaivm: bigint;
  readonly minBondUaivm: bigint;
  readonly flatRivals: number;
}

/** When a claim's clock of an open match runs out if nothing moves. Blocks: at the nominal interval. */
export interface Deadline {
  readonly matchId: Uint8Array;
  readonly claim: number;
  readonly atMs: bigint;
  readonly blocks: bigint;
}

export interface QueryDisputeRequest {
  readonly requestId: Uint8Array;
}

export interface QueryDisputeResponse {
  readonly dispute?: Dispute | undefined;
  readonly claims: readonly Claim[];
  /** Output bytes of each claim, in the same order. */
  readonly outputs: readonly Uint8Array[];
  readonly joins: readonly Join[];
  readonly matches: readonly Match[];
  /** Dispute time and height of the answer. */
  readonly nowMs: bigint;
  readonly height: bigint;
  /** True while rivals may commit. */
  readonly joinable: boolean;
  /** Dispute time until which they may, if no further claim comes or falls. */
  readonly joinableUntilMs: bigint;
  /** What the next rival must put up. */
  readonly joinBondUaivm: bigint;
  readonly deadlines: readonly Deadline[];
  readonly blockIntervalMs: bigint;
}

export interface QueryMatchRequest {
  readonly matchId: Uint8Array;
}

export interface QueryMatchResponse {
  readonly match?: Match | undefined;
}

export interface QueryBoundsRequest {
  readonly modelId: Uint8Array;
  /** 0 = 0. */
  readonly windowMs: bigint;
  /** 0 = 1. */
  readonly rivals: number;
}

export interface QueryBoundsResponse {
  readonly opLevels: number;
  readonly tileLevels: number;
  /** Most moves of a match, the trace root and the witness included. */
  readonly moves: number;
  readonly replayMs: bigint;
  /** T_m. */
  readonly matchMs: bigint;
  /** Longest match. */
  readonly longestMatchMs: bigint;
  readonly claimBondUaivm: bigint;
  /** From acceptance to the end, with that many rivals. */
  readonly worstCaseMs: bigint;
  readonly formula: string;
}

export type DisputeQueryParamsRequest = Record<string, never>;

export interface DisputeQueryParamsResponse {
  readonly params?: DisputeParams | undefined;
}

/** Where a request from an EVM chain came from. Its id there and its parameter hash go back in the result. */
export interface EvmOrigin {
  readonly evmChainId: bigint;
  readonly oracle: Uint8Array;
  readonly evmRequestId: Uint8Array;
  readonly requestHash: Uint8Array;
  /** Unix seconds, as the EVM contract stored it. */
  readonly evmDeadlineS: bigint;
}

export interface Request {
  readonly id: Uint8Array;
  readonly sequence: bigint;
  readonly modelId: Uint8Array;
  readonly inputRoot: Uint8Array;
  /** 32 bytes; the one that the run uses (the requester's, or H(request id || block hash) when it was all zero). */
  readonly seed: Uint8Array;
  readonly maxTokens: number;
  /** Flags: 1 EARLY, 2 KOFN, 4 TEE, 8 OPTIMISTIC_FINAL, 16 ZK. */
  readonly tier: number;
  /** Escrowed fee. */
  readonly feeUaivm: bigint;
  readonly valueAtRiskUaivm: bigint;
  /** Challenge window of its result. */
  readonly windowMs: bigint;
  /** Block time, in unix milliseconds, after which nobody is paid for an answer. */
  readonly deadlineMs: bigint;
  readonly eagerTrace: boolean;
  readonly requester: string;
  readonly origin?: EvmOrigin | undefined;
  readonly status: number;
  readonly openedHeight: bigint;
  /** The runner drawn for it; empty when nobody was eligible. */
  readonly assigned: string;
  /** Height from which every eligible runner may commit. */
  readonly openToAllHeight: bigint;
  readonly reopened: number;
  /** Who committed, and to what; kept until the request is reopened. */
  readonly committer: string;
  readonly commitment: Uint8Array;
  readonly committedHeight: bigint;
  readonly acceptedHeight: bigint;
  readonly acceptedTimeMs: bigint;
  /** Runners that failed this request: committed and did not reveal, or lost the dispute. They get it no more. */
  readonly excluded: readonly string[];
  /** Bond that stands behind the commitment, then behind claim 0. */
  readonly lockedUaivm: bigint;
  /** Why it expired; empty otherwise. */
  readonly expiredReason: string;
}

/** What a request ended in, or stands at. */
export interface Result {
  readonly requestId: Uint8Array;
  readonly modelId: Uint8Array;
  readonly inputRoot: Uint8Array;
  readonly outputRoot: Uint8Array;
  readonly output: Uint8Array;
  /** keccak-256 of `output`. */
  readonly outputKeccak: Uint8Array;
  /** Empty unless a challenge or an eager request had it posted. */
  readonly traceRoot: Uint8Array;
  readonly runner: string;
  readonly payee: Uint8Array;
  readonly tier: number;
  readonly acceptedHeight: bigint;
  readonly finalHeight: bigint;
}

export interface MsgRequestInference {
  readonly requester: string;
  readonly modelId: Uint8Array;
  /** Canonical bytes of the program's input tensors, concatenated in program order; at most 64 KiB. */
  readonly input: Uint8Array;
  /** 32 bytes; empty or all zero = the chain makes one. */
  readonly seed: Uint8Array;
  readonly maxTokens: number;
  /** 0 = OPTIMISTIC_FINAL. */
  readonly tier: number;
  readonly feeUaivm: bigint;
  readonly valueAtRiskUaivm: bigint;
  /** 0 = the parameter. */
  readonly windowMs: bigint;
  /** 0 = as late as the chain allows. */
  readonly deadlineMs: bigint;
  readonly eagerTrace: boolean;
}

export interface MsgRequestInferenceResponse {
  readonly requestId: Uint8Array;
}

/** commitment = H(request id || runner 20 || salt 32 || output root). */
export interface MsgCommitResult {
  readonly runner: string;
  readonly requestId: Uint8Array;
  readonly commitment: Uint8Array;
}

export type MsgCommitResultResponse = Record<string, never>;

/** In a later block than the commitment. */
export interface MsgRevealResult {
  readonly runner: string;
  readonly requestId: Uint8Array;
  readonly salt: Uint8Array;
  readonly output: Uint8Array;
}

export interface MsgRevealResultResponse {
  readonly outputRoot: Uint8Array;
}

export interface QueryRequestRequest {
  readonly requestId: Uint8Array;
}

export interface QueryRequestResponse {
  readonly request?: Request | undefined;
}

export interface QueryRequestsRequest {
  /** 0 = any. */
  readonly status: number;
  readonly limit: number;
  /** Sequence to start after. */
  readonly startAfter: bigint;
}

export interface QueryRequestsResponse {
  readonly requests: readonly Request[];
}

export interface QueryInputRequest {
  readonly requestId: Uint8Array;
}

export interface QueryInputResponse {
  readonly input: Uint8Array;
}

export interface QueryResultRequest {
  readonly requestId: Uint8Array;
}

export interface QueryResultResponse {
  readonly result?: Result | undefined;
}

export interface InferenceParams {
  readonly windowMs: bigint;
  readonly assignBlocks: bigint;
  /** Blocks between a commitment and the last chance to reveal. */
  readonly revealBlocks: bigint;
  /** Share of the claim bond taken for a commitment that was not revealed, in basis points. */
  readonly unrevealedPenaltyBps: number;
  readonly minFeeUaivm: bigint;
  readonly maxInputBytes: number;
  readonly maxOutputBytes: number;
  readonly maxReopened: number;
  /** Shares of the fee, in basis points; the rest goes to the runner. */
  readonly validatorsBps: number;
  readonly auditBps: number;
  readonly maxOpenMs: bigint;
  readonly blockIntervalMs: bigint;
}

export type InferenceQueryParamsRequest = Record<string, never>;

export interface InferenceQueryParamsResponse {
  readonly params?: InferenceParams | undefined;
}

/** One constant tensor of the program: its type and the root of its bytes. */
export interface ConstantDecl {
  /** 1 = i8, 2 = i16, 3 = i32. */
  readonly dtype: number;
  readonly shape: readonly number[];
  readonly root: Uint8Array;
}

export interface Model {
  readonly modelId: Uint8Array;
  readonly registrar: string;
  readonly status: number;
  readonly registeredHeight: bigint;
  /** One multiply-accumulate or one element operation = 1. */
  readonly vmGas: bigint;
  readonly artifactBytes: bigint;
  /** Time that the chain grants for one replay, computed from vm_gas and artifact_bytes. */
  readonly replayMs: bigint;
  readonly royaltyBps: number;
  /** Lowest fee of one request. */
  readonly feeUaivm: bigint;
  readonly bondUaivm: bigint;
  readonly weightsRoot: Uint8Array;
  /** Epoch of the attestations counted in `attesters`. */
  readonly epoch: bigint;
  readonly attesters: readonly string[];
  readonly name: string;
}

/** The registered program, kept outside the Merkle store (its root is the model id). */
export interface RegisteredProgram {
  /** Canonical bytes of the op descriptors, in program order (aivm.artifact.v1.OpDescriptor). */
  readonly descriptors: readonly Uint8Array[];
  readonly constants: readonly ConstantDecl[];
  /** Canonical bytes of aivm.artifact.v1.Meta. */
  readonly meta: Uint8Array;
}

/** A runner's declaration that it serves a model, with the weight chunk it must open. */
export interface Serving {
  readonly runner: string;
  readonly modelId: Uint8Array;
  /** Height of the declaration. The chunk to open is derived from the hash of the block at this height. */
  readonly declaredHeight: bigint;
  /** Epoch in which the runner last answered; 0 = never. */
  readonly provedEpoch: bigint;
  /** H("aivm/leaf" || model id || runner || hash of the block at declared_height) while it is to be answered; empty afterwards. */
  readonly draw: Uint8Array;
}

export interface MsgRegisterModel {
  readonly registrar: string;
  readonly program?: RegisteredProgram | undefined;
  readonly artifactBytes: bigint;
  readonly royaltyBps: number;
  readonly feeUaivm: bigint;
  readonly bondUaivm: bigint;
}

export interface MsgRegisterModelResponse {
  readonly modelId: Uint8Array;
}

/** Declares that the runner serves the model, and asks for the random chunk that it must open. */
export interface MsgServeModel {
  readonly runner: string;
  readonly modelId: Uint8Array;
}

export type MsgServeModelResponse = Record<string, never>;

/** Opens the chunk that the declaration drew: constant and chunk are H("aivm/leaf" || model id || runner || block hash at declared_height) modulo the number of weight chunks, counted through the constants in order. */
export interface MsgProveModel {
  readonly runner: string;
  readonly modelId: Uint8Array;
  readonly chunk: Uint8Array;
  readonly path: readonly Uint8Array[];
}

export interface MsgProveModelResponse {
  readonly active: boolean;
}

export interface QueryModelRequest {
  readonly modelId: Uint8Array;
}

export interface QueryModelResponse {
  readonly model?: Model | undefined;
}

export interface QueryModelsRequest {
  readonly limit: number;
  readonly startAfter: Uint8Array;
}

export interface QueryModelsResponse {
  readonly models: readonly Model[];
}

export interface QueryProgramRequest {
  readonly modelId: Uint8Array;
}

export interface QueryProgramResponse {
  readonly program?: RegisteredProgram | undefined;
}

export interface QueryServingRequest {
  readonly modelId: Uint8Array;
  readonly runner: string;
}

export interface QueryServingResponse {
  readonly serving?: Serving | undefined;
  /** True while a drawn chunk waits to be opened. */
  readonly drawn: boolean;
  readonly constant: number;
  readonly chunk: number;
}

/** Genesis parameters of the module. */
export interface ModelParams {
  readonly attestersRequired: number;
  readonly minBondUaivm: bigint;
  readonly epochBlocks: bigint;
  /** vmGas per second, and artifact bytes per second, of the reference machine. */
  readonly rRef: bigint;
  readonly bRef: bigint;
  readonly maxProgramBytes: bigint;
  /** Largest royalty, in basis points of the fee. */
  readonly maxRoyaltyBps: number;
}

export type ModelQueryParamsRequest = Record<string, never>;

export interface ModelQueryParamsResponse {
  readonly params?: ModelParams | undefined;
}

/** A validator's attestation key: the EVM address that contracts know it by. */
export interface Attester {
  /** Consensus address (20 bytes). */
  readonly validator: Uint8Array;
  /** secp256k1, 33 bytes compressed. */
  readonly publicKey: Uint8Array;
  readonly evmAddress: Uint8Array;
  readonly power: bigint;
  /** Account that submits this validator's observations of EVM chains. */
  readonly observer: string;
}

/** The signers that contracts know, ascending by EVM address. */
export interface AttesterSet {
  readonly setId: bigint;
  readonly attesters: readonly Attester[];
}

/** An EVM chain and oracle contract that requests are accepted from. */
export interface Destination {
  readonly evmChainId: bigint;
  readonly oracle: Uint8Array;
  readonly confirmations: number;
}

/** What a contract learns of a request; keccak(0x00 || abi.encode(...)) of it is a leaf of the results tree. */
export interface Leaf {
  readonly dstChainId: bigint;
  readonly oracle: Uint8Array;
  readonly requestId: Uint8Array;
  readonly requestHash: Uint8Array;
  readonly status: number;
  readonly outputKeccak: Uint8Array;
  readonly outputRoot: Uint8Array;
  readonly modelId: Uint8Array;
  readonly tier: number;
  readonly payee: Uint8Array;
  readonly deadline: bigint;
  readonly finalHeight: bigint;
  /** Request id on this chain. */
  readonly aivmRequestId: Uint8Array;
}

/** The results root of one block and who signed it. */
export interface ResultsRoot {
  readonly height: bigint;
  readonly root: Uint8Array;
  readonly leaves: readonly Leaf[];
  readonly setId: bigint;
  readonly signatures: readonly RootSignature[];
}

export interface RootSignature {
  /** Index in the attester set. */
  readonly index: number;
  /** EIP-2098 compact: r || yParityAndS. */
  readonly signature: Uint8Array;
}

/** A vote extension: this validator's signatures over the last committed results roots that it has not signed yet, ascending by height. A block without new roots has an empty one. */
export interface VoteExtension {
  readonly roots: readonly SignedRoot[];
}

export interface SignedRoot {
  readonly rootHeight: bigint;
  readonly root: Uint8Array;
  /** EIP-2098 compact: r || yParityAndS. */
  readonly signature: Uint8Array;
}

/** One validator's statement that an EVM chain holds this request in this block. */
export interface MsgObserveRequest {
  readonly observer: string;
  readonly evmChainId: bigint;
  readonly oracle: Uint8Array;
  readonly evmRequestId: Uint8Array;
  readonly requestHash: Uint8Array;
  readonly blockHash: Uint8Array;
  readonly blockNumber: bigint;
  readonly modelId: Uint8Array;
  readonly input: Uint8Array;
  readonly tier: number;
  readonly windowMs: bigint;
  readonly evmDeadlineS: bigint;
  readonly maxOutput: number;
}

export interface MsgObserveRequestResponse {
  /** Request id on this chain, whether or not the quorum is complete. */
  readonly requestId: Uint8Array;
  readonly accepted: boolean;
}

/** Governs which EVM contracts are served. Only the authority of genesis may send it. */
export interface MsgAddDestination {
  readonly authority: string;
  readonly destination?: Destination | undefined;
}

export type MsgAddDestinationResponse = Record<string, never>;

/** Puts a final record into the next block's results root, so that no record is stranded by a rotation of signers. */
export interface MsgReattest {
  readonly sender: string;
  readonly requestId: Uint8Array;
}

export type MsgReattestResponse = Record<string, never>;

/** Observers who say the same of one EVM request, until the quorum is complete. An observer's later word replaces its earlier one. */
export interface Observation {
  /** H of the message without its observer. */
  readonly digest: Uint8Array;
  readonly observers: readonly string[];
}

export interface Observations {
  readonly observations: readonly Observation[];
}

/** Where the newest leaf of a request is. */
export interface LeafLocation {
  readonly height: bigint;
  readonly index: number;
}

export type QueryAttesterSetRequest = Record<string, never>;

export interface QueryAttesterSetResponse {
  readonly set?: AttesterSet | undefined;
  readonly genesisHash: Uint8Array;
}

export interface QueryResultsRootRequest {
  readonly height: bigint;
}

export interface QueryResultsRootResponse {
  readonly resultsRoot?: ResultsRoot | undefined;
}

export interface QueryResultProofRequest {
  /** Request id on this chain. */
  readonly requestId: Uint8Array;
}

export interface QueryResultProofResponse {
  /** False until more than two thirds of the power has signed. */
  readonly attested: boolean;
  readonly leaf?: Leaf | undefined;
  readonly root: Uint8Array;
  readonly rootHeight: bigint;
  readonly index: number;
  readonly path: readonly Uint8Array[];
  readonly setId: bigint;
  /** Little-endian bitmap over the attester set, 32 bytes. */
  readonly bitmap: Uint8Array;
  readonly signatures: readonly Uint8Array[];
  readonly output: Uint8Array;
}

export type QueryDestinationsRequest = Record<string, never>;

export interface QueryDestinationsResponse {
  readonly destinations: readonly Destination[];
}

export interface OracleParams {
  readonly authority: string;
  /** Kept results roots. */
  readonly keepRoots: bigint;
}

export type OracleQueryParamsRequest = Record<string, never>;

export interface OracleQueryParamsResponse {
  readonly params?: OracleParams | undefined;
}

export interface Runner {
  readonly operator: string;
  /** EVM address (20 bytes) that the work fee of requests from EVM chains is paid to. */
  readonly payee: Uint8Array;
  readonly bondUaivm: bigint;
  readonly lockedUaivm: bigint;
  /** Where the runner serves artifacts and blobs; empty = nowhere. */
  readonly endpoint: string;
  readonly registeredHeight: bigint;
  readonly jobsFinal: bigint;
  readonly disputesLost: bigint;
  readonly unbondingUaivm: bigint;
  readonly unbondingUntilMs: bigint;
  /** Set while the bond, that in play included, is below the minimum: such a runner is given no work. */
  readonly jailed: boolean;
  /** Bonds of its results that are open to challenge; the dispute module holds the coins. */
  readonly inPlayUaivm: bigint;
}

export interface MsgRegisterRunner {
  readonly operator: string;
  readonly payee: Uint8Array;
  readonly bondUaivm: bigint;
  readonly endpoint: string;
}

export type MsgRegisterRunnerResponse = Record<string, never>;

export interface MsgAddBond {
  readonly operator: string;
  readonly amountUaivm: bigint;
}

export type MsgAddBondResponse = Record<string, never>;

/** Takes unlocked bond out; paid after the unbonding time. */
export interface MsgUnbond {
  readonly operator: string;
  readonly amountUaivm: bigint;
}

export interface MsgUnbondResponse {
  readonly paidAtMs: bigint;
}

export interface QueryRunnerRequest {
  readonly operator: string;
}

export interface QueryRunnerResponse {
  readonly runner?: Runner | undefined;
}

export interface QueryRunnersRequest {
  readonly limit: number;
  readonly startAfter: string;
}

export interface QueryRunnersResponse {
  readonly runners: readonly Runner[];
}

export interface RunnerParams {
  readonly minBondUaivm: bigint;
  readonly unbondingMs: bigint;
}

export type RunnerQueryParamsRequest = Record<string, never>;

export interface RunnerQueryParamsResponse {
  readonly params?: RunnerParams | undefined;
}

/** An enclave's attested keys. `key_config` is the fixed-order record of the private-query protocol; evidence binds it. */
export interface Enclave {
  readonly keyId: Uint8Array;
  readonly node: string;
  readonly keyConfig: Uint8Array;
  /** "mock" is a simulated enclave and is accepted only where genesis says so. */
  readonly kind: string;
  readonly evidence: Uint8Array;
  readonly anchor: Uint8Array;
  readonly registeredHeight: bigint;
  readonly simulated: boolean;
  readonly endpoint: string;
}

export interface PrivateQuery {
  readonly queryId: Uint8Array;
  readonly sender: string;
  readonly modelId: Uint8Array;
  readonly inputCommit: Uint8Array;
  readonly envelopeHash: Uint8Array;
  readonly keyIds: readonly Uint8Array[];
  readonly feeUaivm: bigint;
  readonly expiryHeight: bigint;
  readonly status: number;
  readonly openedHeight: bigint;
  readonly receiptHash: Uint8Array;
  readonly outputCommit: Uint8Array;
  readonly keyId: Uint8Array;
  readonly units: number;
  readonly receiptStatus: number;
  readonly settledHeight: bigint;
  readonly simulated: boolean;
}

/** Registers the keys of an enclave. The chain verifies the evidence at block time and that its report data binds key_config and the anchor, the hash of a block at most 50 blocks old. */
export interface MsgRegisterEnclave {
  readonly node: string;
  readonly keyConfig: Uint8Array;
  readonly kind: string;
  readonly evidence: Uint8Array;
  readonly anchorHeight: bigint;
  readonly endpoint: string;
}

export interface MsgRegisterEnclaveResponse {
  readonly keyId: Uint8Array;
}

/** query id = H("aivmq1/q" || sender 20 || u64be(nonce))[0..16]. */
export interface MsgOpenPrivateQuery {
  readonly sender: string;
  readonly nonce: bigint;
  readonly modelId: Uint8Array;
  readonly inputCommit: Uint8Array;
  readonly envelopeHash: Uint8Array;
  readonly keyIds: readonly Uint8Array[];
  readonly feeUaivm: bigint;
  readonly expiryHeight: bigint;
}

export interface MsgOpenPrivateQueryResponse {
  readonly queryId: Uint8Array;
}

/** Anyone may bring the receipt; the fee goes to the enclave's node. */
export interface MsgSettlePrivateQuery {
  readonly sender: string;
  readonly receipt: Uint8Array;
}

export type MsgSettlePrivateQueryResponse = Record<string, never>;

export interface QueryEnclaveRequest {
  readonly keyId: Uint8Array;
}

export interface QueryEnclaveResponse {
  readonly enclave?: Enclave | undefined;
}

export type QueryEnclavesRequest = Record<string, never>;

export interface QueryEnclavesResponse {
  readonly enclaves: readonly Enclave[];
}

export interface QueryPrivateQueryRequest {
  readonly queryId: Uint8Array;
}

export interface QueryPrivateQueryResponse {
  readonly query?: PrivateQuery | undefined;
}

export interface TeeParams {
  /** Simulated evidence is accepted, under this root key (Ed25519, 32 bytes). */
  readonly allowMock: boolean;
  readonly mockRoot: Uint8Array;
  readonly allowedMeasurements: readonly Uint8Array[];
  readonly maxAnchorAgeBlocks: bigint;
  readonly minFeeUaivm: bigint;
  readonly maxExpiryBlocks: bigint;
  /** Oldest evidence, in seconds before block time. */
  readonly maxEvidenceAgeS: bigint;
}

export type TeeQueryParamsRequest = Record<string, never>;

export interface TeeQueryParamsResponse {
  readonly params?: TeeParams | undefined;
}

/** Every message by its full protobuf name. */
export interface Messages {
  "aivm.artifact.v1.TensorDecl": TensorDecl;
  "aivm.artifact.v1.OperandRef": OperandRef;
  "aivm.artifact.v1.OpDescriptor": OpDescriptor;
  "aivm.artifact.v1.InputDecl": InputDecl;
  "aivm.artifact.v1.OutputDecl": OutputDecl;
  "aivm.artifact.v1.Meta": Meta;
  "aivm.artifact.v1.ArtifactHeader": ArtifactHeader;
  "aivm.artifact.v1.OperandOpening": OperandOpening;
  "aivm.artifact.v1.ElementWitness": ElementWitness;
  "aivm.dispute.v1.SlotOpening": SlotOpening;
  "aivm.dispute.v1.MsgJoin": MsgJoin;
  "aivm.dispute.v1.MsgJoinResponse": MsgJoinResponse;
  "aivm.dispute.v1.MsgRevealJoin": MsgRevealJoin;
  "aivm.dispute.v1.MsgRevealJoinResponse": MsgRevealJoinResponse;
  "aivm.dispute.v1.MsgPostTraceRoot": MsgPostTraceRoot;
  "aivm.dispute.v1.MsgPostTraceRootResponse": MsgPostTraceRootResponse;
  "aivm.dispute.v1.MsgOpenNode": MsgOpenNode;
  "aivm.dispute.v1.MsgOpenNodeResponse": MsgOpenNodeResponse;
  "aivm.dispute.v1.MsgProveElement": MsgProveElement;
  "aivm.dispute.v1.MsgProveElementResponse": MsgProveElementResponse;
  "aivm.dispute.v1.MsgTimeout": MsgTimeout;
  "aivm.dispute.v1.MsgTimeoutResponse": MsgTimeoutResponse;
  "aivm.dispute.v1.GameRules": GameRules;
  "aivm.dispute.v1.Dispute": Dispute;
  "aivm.dispute.v1.ClaimMember": ClaimMember;
  "aivm.dispute.v1.Claim": Claim;
  "aivm.dispute.v1.Join": Join;
  "aivm.dispute.v1.MatchSide": MatchSide;
  "aivm.dispute.v1.MatchStep": MatchStep;
  "aivm.dispute.v1.Match": Match;
  "aivm.dispute.v1.DisputeClock": DisputeClock;
  "aivm.dispute.v1.Params": DisputeParams;
  "aivm.dispute.v1.Deadline": Deadline;
  "aivm.dispute.v1.QueryDisputeRequest": QueryDisputeRequest;
  "aivm.dispute.v1.QueryDisputeResponse": QueryDisputeResponse;
  "aivm.dispute.v1.QueryMatchRequest": QueryMatchRequest;
  "aivm.dispute.v1.QueryMatchResponse": QueryMatchResponse;
  "aivm.dispute.v1.QueryBoundsRequest": QueryBoundsRequest;
  "aivm.dispute.v1.QueryBoundsResponse": QueryBoundsResponse;
  "aivm.dispute.v1.QueryParamsRequest": DisputeQueryParamsRequest;
  "aivm.dispute.v1.QueryParamsResponse": DisputeQueryParamsResponse;
  "aivm.inference.v1.EvmOrigin": EvmOrigin;
  "aivm.inference.v1.Request": Request;
  "aivm.inference.v1.Result": Result;
  "aivm.inference.v1.MsgRequestInference": MsgRequestInference;
  "aivm.inference.v1.MsgRequestInferenceResponse": MsgRequestInferenceResponse;
  "aivm.inference.v1.MsgCommitResult": MsgCommitResult;
  "aivm.inference.v1.MsgCommitResultResponse": MsgCommitResultResponse;
  "aivm.inference.v1.MsgRevealResult": MsgRevealResult;
  "aivm.inference.v1.MsgRevealResultResponse": MsgRevealResultResponse;
  "aivm.inference.v1.QueryRequestRequest": QueryRequestRequest;
  "aivm.inference.v1.QueryRequestResponse": QueryRequestResponse;
  "aivm.inference.v1.QueryRequestsRequest": QueryRequestsRequest;
  "aivm.inference.v1.QueryRequestsResponse": QueryRequestsResponse;
  "aivm.inference.v1.QueryInputRequest": QueryInputRequest;
  "aivm.inference.v1.QueryInputResponse": QueryInputResponse;
  "aivm.inference.v1.QueryResultRequest": QueryResultRequest;
  "aivm.inference.v1.QueryResultResponse": QueryResultResponse;
  "aivm.inference.v1.Params": InferenceParams;
  "aivm.inference.v1.QueryParamsRequest": InferenceQueryParamsRequest;
  "aivm.inference.v1.QueryParamsResponse": InferenceQueryParamsResponse;
  "aivm.model.v1.ConstantDecl": ConstantDecl;
  "aivm.model.v1.Model": Model;
  "aivm.model.v1.RegisteredProgram": RegisteredProgram;
  "aivm.model.v1.Serving": Serving;
  "aivm.model.v1.MsgRegisterModel": MsgRegisterModel;
  "aivm.model.v1.MsgRegisterModelResponse": MsgRegisterModelResponse;
  "aivm.model.v1.MsgServeModel": MsgServeModel;
  "aivm.model.v1.MsgServeModelResponse": MsgServeModelResponse;
  "aivm.model.v1.MsgProveModel": MsgProveModel;
  "aivm.model.v1.MsgProveModelResponse": MsgProveModelResponse;
  "aivm.model.v1.QueryModelRequest": QueryModelRequest;
  "aivm.model.v1.QueryModelResponse": QueryModelResponse;
  "aivm.model.v1.QueryModelsRequest": QueryModelsRequest;
  "aivm.model.v1.QueryModelsResponse": QueryModelsResponse;
  "aivm.model.v1.QueryProgramRequest": QueryProgramRequest;
  "aivm.model.v1.QueryProgramResponse": QueryProgramResponse;
  "aivm.model.v1.QueryServingRequest": QueryServingRequest;
  "aivm.model.v1.QueryServingResponse": QueryServingResponse;
  "aivm.model.v1.Params": ModelParams;
  "aivm.model.v1.QueryParamsRequest": ModelQueryParamsRequest;
  "aivm.model.v1.QueryParamsResponse": ModelQueryParamsResponse;
  "aivm.oracle.v1.Attester": Attester;
  "aivm.oracle.v1.AttesterSet": AttesterSet;
  "aivm.oracle.v1.Destination": Destination;
  "aivm.oracle.v1.Leaf": Leaf;
  "aivm.oracle.v1.ResultsRoot": ResultsRoot;
  "aivm.oracle.v1.RootSignature": RootSignature;
  "aivm.oracle.v1.VoteExtension": VoteExtension;
  "aivm.oracle.v1.SignedRoot": SignedRoot;
  "aivm.oracle.v1.MsgObserveRequest": MsgObserveRequest;
  "aivm.oracle.v1.MsgObserveRequestResponse": MsgObserveRequestResponse;
  "aivm.oracle.v1.MsgAddDestination": MsgAddDestination;
  "aivm.oracle.v1.MsgAddDestinationResponse": MsgAddDestinationResponse;
  "aivm.oracle.v1.MsgReattest": MsgReattest;
  "aivm.oracle.v1.MsgReattestResponse": MsgReattestResponse;
  "aivm.oracle.v1.Observation": Observation;
  "aivm.oracle.v1.Observations": Observations;
  "aivm.oracle.v1.LeafLocation": LeafLocation;
  "aivm.oracle.v1.QueryAttesterSetRequest": QueryAttesterSetRequest;
  "aivm.oracle.v1.QueryAttesterSetResponse": QueryAttesterSetResponse;
  "aivm.oracle.v1.QueryResultsRootRequest": QueryResultsRootRequest;
  "aivm.oracle.v1.QueryResultsRootResponse": QueryResultsRootResponse;
  "aivm.oracle.v1.QueryResultProofRequest": QueryResultProofRequest;
  "aivm.oracle.v1.QueryResultProofResponse": QueryResultProofResponse;
  "aivm.oracle.v1.QueryDestinationsRequest": QueryDestinationsRequest;
  "aivm.oracle.v1.QueryDestinationsResponse": QueryDestinationsResponse;
  "aivm.oracle.v1.Params": OracleParams;
  "aivm.oracle.v1.QueryParamsRequest": OracleQueryParamsRequest;
  "aivm.oracle.v1.QueryParamsResponse": OracleQueryParamsResponse;
  "aivm.runner.v1.Runner": Runner;
  "aivm.runner.v1.MsgRegisterRunner": MsgRegisterRunner;
  "aivm.runner.v1.MsgRegisterRunnerResponse": MsgRegisterRunnerResponse;
  "aivm.runner.v1.MsgAddBond": MsgAddBond;
  "aivm.runner.v1.MsgAddBondResponse": MsgAddBondResponse;
  "aivm.runner.v1.MsgUnbond": MsgUnbond;
  "aivm.runner.v1.MsgUnbondResponse": MsgUnbondResponse;
  "aivm.runner.v1.QueryRunnerRequest": QueryRunnerRequest;
  "aivm.runner.v1.QueryRunnerResponse": QueryRunnerResponse;
  "aivm.runner.v1.QueryRunnersRequest": QueryRunnersRequest;
  "aivm.runner.v1.QueryRunnersResponse": QueryRunnersResponse;
  "aivm.runner.v1.Params": RunnerParams;
  "aivm.runner.v1.QueryParamsRequest": RunnerQueryParamsRequest;
  "aivm.runner.v1.QueryParamsResponse": RunnerQueryParamsResponse;
  "aivm.tee.v1.Enclave": Enclave;
  "aivm.tee.v1.PrivateQuery": PrivateQuery;
  "aivm.tee.v1.MsgRegisterEnclave": MsgRegisterEnclave;
  "aivm.tee.v1.MsgRegisterEnclaveResponse": MsgRegisterEnclaveResponse;
  "aivm.tee.v1.MsgOpenPrivateQuery": MsgOpenPrivateQuery;
  "aivm.tee.v1.MsgOpenPrivateQueryResponse": MsgOpenPrivateQueryResponse;
  "aivm.tee.v1.MsgSettlePrivateQuery": MsgSettlePrivateQuery;
  "aivm.tee.v1.MsgSettlePrivateQueryResponse": MsgSettlePrivateQueryResponse;
  "aivm.tee.v1.QueryEnclaveRequest": QueryEnclaveRequest;
  "aivm.tee.v1.QueryEnclaveResponse": QueryEnclaveResponse;
  "aivm.tee.v1.QueryEnclavesRequest": QueryEnclavesRequest;
  "aivm.tee.v1.QueryEnclavesResponse": QueryEnclavesResponse;
  "aivm.tee.v1.QueryPrivateQueryRequest": QueryPrivateQueryRequest;
  "aivm.tee.v1.QueryPrivateQueryResponse": QueryPrivateQueryResponse;
  "aivm.tee.v1.Params": TeeParams;
  "aivm.tee.v1.QueryParamsRequest": TeeQueryParamsRequest;
  "aivm.tee.v1.QueryParamsResponse": TeeQueryParamsResponse;
}
