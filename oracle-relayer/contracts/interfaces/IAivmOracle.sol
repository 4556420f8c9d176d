// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

import {IAIOracle} from "./IAIOracle.sol";

/// @notice What a caller of `requestInference` chooses.
struct RequestParams {
    bytes32 modelId;
    bytes input;
    address callbackContract; // zero: no callback, the result is only recorded
    uint64 gasLimit; // of the callback; zero exactly when there is none
    bytes callbackData;
    uint8 tier; // flags: 1 EARLY, 2 KOFN, 4 TEE, 8 OPTIMISTIC_FINAL, 16 ZK
    uint64 window; // seconds; 0 = the aivm chain's own challenge window
    uint64 deadline; // Unix seconds; 0 = the oracle's default
    uint32 maxOutput; // bytes; 0 = the oracle's default
    address refundTo; // zero: the caller
}

/// @notice A request as it is hashed: paramsHash = keccak256(abi.encode(Request)).
struct Request {
    address requester;
    bytes32 modelId;
    bytes32 inputHash;
    address callbackContract;
    uint64 gasLimit;
    bytes32 callbackDataHash;
    uint256 maxFee;
    uint8 tier;
    uint64 window;
    uint64 deadline;
    uint32 maxOutput;
    address refundTo;
}

/// @notice The part of a results leaf that the request does not fix already, and the output itself.
struct Result {
    uint256 requestId;
    uint8 status; // 2 FINAL, 3 EXPIRED
    bytes32 outputRoot;
    uint8 tier;
    address payee;
    uint64 finalHeight;
    bytes output;
}

/// @notice Why a leaf is to be believed. No signatures: the root must have been submitted to the attestation before.
struct Proof {
    uint64 setId;
    uint64 rootHeight;
    bytes32 root;
    uint256 bitmap;
    bytes signatures;
    uint256 index;
    bytes32[] path;
}

/// @title The aivm oracle: OAO's interface plus proofs, deadlines, refunds and retries.
interface IAivmOracle is IAIOracle {
    /// @notice Everything the aivm chain needs to accept the request.
    event InferenceRequested(
        uint256 indexed requestId,
        bytes32 indexed modelId,
        bytes32 paramsHash,
        Request request,
        bytes input,
        bytes callbackData
    );
    event CallbackFailed(uint256 indexed requestId, bytes32 reasonHash);
    event CallbackRetried(uint256 indexed requestId, address indexed caller);
    event RequestExpired(uint256 indexed requestId, address indexed refundTo, uint256 refund);
    /// @notice Who was credited with what: work + relay + refund is what the requester paid in.
    event Settled(
        uint256 indexed requestId,
        address indexed payee,
        address indexed relayer,
        uint256 work,
        uint256 relay,
        uint256 refund
    );
    event Withdrawn(address indexed account, address indexed to, uint256 amount);

    error InvalidRequest(bytes32 field);
    error FeeTooLow(uint256 want, uint256 got);
    error UnknownRequest(uint256 requestId);
    error AlreadySettled(uint256 requestId, uint8 status);
    error RequestMismatch(uint256 requestId);
    error InvalidPath(bytes32 root, bytes32 computed);
    error RootNotAttested(bytes32 root);
    error NotFinal(uint8 status);
    error TierTooLow(uint8 want, uint8 got);
    error OutputTooLong(uint256 limit, uint256 length);
    error InsufficientGas(uint256 want, uint256 got);
    error NotYetExpirable(uint256 from, uint256 current);
    error NothingToRetry(uint256 requestId);
    error OutputMismatch(uint256 requestId);
    error CallbackStillFails(bytes32 reasonHash);
    error NothingToWithdraw(address account);
    error TransferFailed(address to);

    function requestInference(RequestParams calldata params) external payable returns (uint256 requestId);

    function estimateInferenceFee(uint64 gasLimit, uint32 maxOutput) external view returns (uint256);

    function deliver(
        Proof calldata proof,
        Request calldata request,
        bytes calldata callbackData,
        Result calldata result
    ) external;

    function retryCallback(
        uint256 requestId,
        Request calldata request,
        bytes calldata callbackData,
        bytes calldata output,
        uint64 gasLimit
    ) external;

    function expire(uint256 requestId, Request calldata request) external;

    function withdraw(address to) external returns (uint256 amount);

    function statusOf(uint256 requestId) external view returns (uint8);

    function outputHash(uint256 requestId) external view returns (bytes31);
}
