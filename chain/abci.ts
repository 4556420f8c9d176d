/** ABCI 2.0 (CometBFT 0.38) as one interface: what an engine calls, in-process or over a socket. */
import type {
  RequestCheckTx,
  RequestExtendVote,
  RequestFinalizeBlock,
  RequestInfo,
  RequestInitChain,
  RequestPrepareProposal,
  RequestProcessProposal,
  RequestQuery,
  RequestVerifyVoteExtension,
  ResponseCheckTx,
  ResponseCommit,
  ResponseExtendVote,
  ResponseFinalizeBlock,
  ResponseInfo,
  ResponseInitChain,
  ResponsePrepareProposal,
  ResponseProcessProposal,
  ResponseQuery,
  ResponseVerifyVoteExtension,
} from "cosmjs-types/tendermint/abci/types";

/**
 * The application behind the engine. Everything is synchronous, so calls never interleave, but `commit`, which
 * resolves when the block is durable. FinalizeBlock may be called again for a height that was not committed.
 */
export interface AbciApplication {
  info(request: RequestInfo): ResponseInfo;
  initChain(request: RequestInitChain): ResponseInitChain;
  query(request: RequestQuery): ResponseQuery;
  checkTx(request: RequestCheckTx): ResponseCheckTx;
  prepareProposal(request: RequestPrepareProposal): ResponsePrepareProposal;
  processProposal(request: RequestProcessProposal): ResponseProcessProposal;
  extendVote(request: RequestExtendVote): ResponseExtendVote;
  verifyVoteExtension(request: RequestVerifyVoteExtension): ResponseVerifyVoteExtension;
  finalizeBlock(request: RequestFinalizeBlock): ResponseFinalizeBlock;
  commit(): Promise<ResponseCommit>;
}
