/** The contract interface as the relayer uses it. A test holds it equal to the compiled one. */
import { type ParseAbi, parseAbi } from "viem";

const ORACLE_SIGNATURES = [
  "struct Request { address requester; bytes32 modelId; bytes32 inputHash; address callbackContract; uint64 gasLimit; bytes32 callbackDataHash; uint256 maxFee; uint8 tier; uint64 window; uint64 deadline; uint32 maxOutput; address refundTo; }",
  "struct RequestParams { bytes32 modelId; bytes input; address callbackContract; uint64 gasLimit; bytes callbackData; uint8 tier; uint64 window; uint64 deadline; uint32 maxOutput; address refundTo; }",
  "struct Result { uint256 requestId; uint8 status; bytes32 outputRoot; uint8 tier; address payee; uint64 finalHeight; bytes output; }",
  "struct Proof { uint64 setId; uint64 rootHeight; bytes32 root; uint256 bitmap; bytes signatures; uint256 index; bytes32[] path; }",
  "event AICallbackRequest(address indexed account, uint256 indexed requestId, uint256 modelId, bytes input, address callbackContract, uint64 gasLimit, bytes callbackData)",
  "event AICallbackResult(address indexed account, uint256 indexed requestId, address invoker, bytes output)",
  "event InferenceRequested(uint256 indexed requestId, bytes32 indexed modelId, bytes32 paramsHash, Request request, bytes input, bytes callbackData)",
  "event CallbackFailed(uint256 indexed requestId, bytes32 reasonHash)",
  "event RequestExpired(uint256 indexed requestId, address indexed refundTo, uint256 refund)",
  "event Settled(uint256 indexed requestId, address indexed payee, address indexed relayer, uint256 work, uint256 relay, uint256 refund)",
  "function requestCallback(uint256 modelId, bytes input, address callbackContract, uint64 gasLimit, bytes callbackData) payable returns (uint256 requestId)",
  "function requestInference(RequestParams params) payable returns (uint256 requestId)",
  "function estimateFee(uint256, uint256 gasLimit) view returns (uint256)",
  "function estimateInferenceFee(uint64 gasLimit, uint32 maxOutput) view returns (uint256)",
  "function deliver(Proof proof, Request request, bytes callbackData, Result result)",
  "function retryCallback(uint256 requestId, Request request, bytes callbackData, bytes output, uint64 gasLimit)",
  "function expire(uint256 requestId, Request request)",
  "function withdraw(address to) returns (uint256 amount)",
  "function statusOf(uint256 requestId) view returns (uint8)",
  "function outputHash(uint256 requestId) view returns (bytes31)",
  "function isFinalized(uint256 requestId) view returns (bool)",
  "function credit(address account) view returns (uint256)",
  "function nonce() view returns (uint256)",
  "function ATTESTATION() view returns (address)",
  "error InvalidRequest(bytes32 field)",
  "error FeeTooLow(uint256 want, uint256 got)",
  "error UnknownRequest(uint256 requestId)",
  "error AlreadySettled(uint256 requestId, uint8 status)",
  "error RequestMismatch(uint256 requestId)",
  "error InvalidPath(bytes32 root, bytes32 computed)",
  "error RootNotAttested(bytes32 root)",
  "error NotFinal(uint8 status)",
  "error TierTooLow(uint8 want, uint8 got)",
  "error OutputTooLong(uint256 limit, uint256 length)",
  "error InsufficientGas(uint256 want, uint256 got)",
  "error NotYetExpirable(uint256 from, uint256 current)",
  "error NothingToRetry(uint256 requestId)",
  "error OutputMismatch(uint256 requestId)",
  "error CallbackStillFails(bytes32 reasonHash)",
  "error NothingToWithdraw(address account)",
  "error TransferFailed(address to)",
  "error IndexOutOfPath(uint256 index, uint256 height)",
  "error UnknownSet(uint64 setId)",
  "error SetExpired(uint64 setId, uint64 expires)",
  "error BitmapOutOfRange(uint256 bitmap, uint256 size)",
  "error SignatureCount(uint256 want, uint256 gotBytes)",
  "error HighS(uint256 index)",
  "error BadSignature(uint256 index)",
  "error InsufficientPower(uint256 want, uint256 got)",
] as const;

/** AivmOracle. The errors of Attestation, SignerSet and ResultsTree are among its own: it lets them through. */
export const oracleAbi: ParseAbi<typeof ORACLE_SIGNATURES> = parseAbi(ORACLE_SIGNATURES);

/** Status that the oracle contract keeps of a request. */
export const STATUS_NONE = 0;
export const STATUS_PENDING = 1;
export const STATUS_FINAL = 2;
export const STATUS_EXPIRED = 3;
export const STATUS_CALLBACK_FAILED = 4;

const ATTESTATION_SIGNATURES = [
  "event RootSubmitted(bytes32 indexed root, uint64 indexed rootHeight, uint64 setId)",
  "event SetChanged(uint64 indexed setId, bytes32 setHash, uint128 threshold, uint64 expires, address pointer)",
  "struct NewSet { uint64 setId; uint64 validFrom; uint64 expires; address[] signers; uint64[] powers; }",
  "function submitRoot(uint64 setId, uint64 rootHeight, bytes32 root, uint256 bitmap, bytes signatures)",
  "function verifyRoot(uint64 setId, uint64 rootHeight, bytes32 root, uint256 bitmap, bytes signatures) view",
  "function isAttested(bytes32 root) view returns (bool)",
  "function rotate(NewSet next, uint256 bitmap, bytes signatures)",
  "function rootDigest(uint64 setId, uint64 rootHeight, bytes32 root) view returns (bytes32)",
  "function setDigest(uint64 setId, bytes32 setHash, uint128 threshold, uint64 validFrom, uint64 expires) view returns (bytes32)",
  "function currentSetId() view returns (uint64)",
  "function setOf(uint64 setId) view returns (address pointer, uint64 expires)",
] as const;

/** Attestation. */
export const attestationAbi: ParseAbi<typeof ATTESTATION_SIGNATURES> = parseAbi(ATTESTATION_SIGNATURES);
