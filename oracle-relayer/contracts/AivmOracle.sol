// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

import {AIOracleCallbackReceiver} from "./AIOracleCallbackReceiver.sol";
import {Attestation} from "./Attestation.sol";
import {ResultsTree} from "./ResultsTree.sol";
import {IAIOracle} from "./interfaces/IAIOracle.sol";
import {IAivmOracle, Proof, Request, RequestParams, Result} from "./interfaces/IAivmOracle.sol";

/// @notice What an oracle is deployed with. All of it is fixed for good: a later price cannot strand a request.
struct OracleConfig {
    Attestation attestation;
    bytes32 deploySalt; // keeps ids of two oracles at one address on two forks apart
    uint256 workFee; // wei that the runner's payee gets per FINAL result
    uint64 overheadGas; // gas of a delivery beside the callback and the output's bytes
    uint64 tipFloor; // wei per gas added to the base fee when relay gas is priced
    uint64 maxGasLimit; // largest callback gas limit
}

/// @title Requests for inference, and their answers once the aivm chain's validators attest them final.
/// @notice Anyone may deliver. A request is one storage slot: the first 31 bytes of its hash, then its status; from
/// FINAL on the first 31 bytes of keccak256(output) take the hash's place. Everything else is supplied again by the
/// caller and checked against the slot.
/// @dev Time: the aivm chain writes FINAL into a leaf only when the result became final by the request's deadline,
/// else EXPIRED; `expire` opens an hour later. So a request has a result or a refund, never both.
contract AivmOracle is IAivmOracle {
    uint8 public constant STATUS_NONE = 0;
    uint8 public constant STATUS_PENDING = 1;
    uint8 public constant STATUS_FINAL = 2;
    uint8 public constant STATUS_EXPIRED = 3;
    uint8 public constant STATUS_CALLBACK_FAILED = 4; // final; the answer may be called back again

    bytes32 public constant DOMAIN_REQ = keccak256("aivm/req/1");
    bytes32 public constant DOMAIN_RES = keccak256("aivm/res/1");
    uint8 private constant LEAF_FINAL = 2;
    uint8 private constant LEAF_EXPIRED = 3;
    uint8 private constant TIER_EARLY = 1;
    uint8 private constant TIER_OPTIMISTIC_FINAL = 8;
    uint8 private constant TIER_ALL = 31;

    uint64 public constant DEFAULT_DEADLINE = 1 days;
    uint64 public constant MAX_DEADLINE = 30 days;
    uint64 public constant EXPIRE_DELAY = 1 hours;
    uint32 public constant DEFAULT_MAX_OUTPUT = 4096;
    uint32 public constant MAX_OUTPUT = 8192;
    uint256 public constant GAS_PER_OUTPUT_BYTE = 40; // calldata 16, log 8, hashing and copies into the callback

    // What a delivery uses outside of its own measurement: 21,000, calldata without the output, the last two credits
    uint256 private constant UNMEASURED_GAS = 63_000;
    uint256 private constant CALL_GAS = 3_000; // the call itself, before its own gas
    uint256 private constant MAX_REVERT_BYTES = 132; // 4 + 4 words: what a revert reason is hashed from

    Attestation public immutable ATTESTATION;
    bytes32 public immutable DEPLOY_SALT;
    uint256 public immutable WORK_FEE;
    uint64 public immutable OVERHEAD_GAS;
    uint64 public immutable TIP_FLOOR;
    uint64 public immutable MAX_GAS_LIMIT;

    /// @notice Requests made so far: the next one's nonce.
    uint256 public nonce;
    /// @notice Wei that an account may withdraw.
    mapping(address account => uint256) public credit;
    mapping(uint256 requestId => bytes32) private slots;
    mapping(uint256 requestId => bytes32 requestHash) private failed;

    constructor(OracleConfig memory config) {
        ATTESTATION = config.attestation;
        DEPLOY_SALT = config.deploySalt;
        WORK_FEE = config.workFee;
        OVERHEAD_GAS = config.overheadGas;
        TIP_FLOOR = config.tipFloor;
        MAX_GAS_LIMIT = config.maxGasLimit;
    }

    // ------------------------------------------------------------------ asking

    /// @inheritdoc IAIOracle
    function requestCallback(
        uint256 modelId,
        bytes calldata input,
        address callbackContract,
        uint64 gasLimit,
        bytes calldata callbackData
    ) external payable returns (uint256 requestId) {
        Request memory request = oaoRequest(modelId, callbackContract, gasLimit);
        requestId = open(request, input, callbackData);
        emit AICallbackRequest(msg.sender, requestId, modelId, input, callbackContract, gasLimit, callbackData);
    }

    /// @inheritdoc IAIOracle
    function requestCallback(
        uint256 modelId,
        bytes calldata input,
        address callbackContract,
        uint64 gasLimit,
        bytes calldata callbackData,
        DA inputDA,
        DA outputDA
    ) external payable returns (uint256 requestId) {
        if (inputDA != DA.Calldata || outputDA != DA.Calldata) revert InvalidRequest("DA");
        Request memory request = oaoRequest(modelId, callbackContract, gasLimit);
        requestId = open(request, input, callbackData);
        emit AICallbackRequest(
            msg.sender, requestId, modelId, input, callbackContract, gasLimit, callbackData, inputDA, outputDA, 1
        );
    }

    /// @inheritdoc IAivmOracle
    function requestInference(RequestParams calldata params) external payable returns (uint256 requestId) {
        Request memory request;
        request.modelId = params.modelId;
        request.callbackContract = params.callbackContract;
        request.gasLimit = params.gasLimit;
        request.tier = params.tier;
        request.window = params.window;
        request.deadline = params.deadline;
        request.maxOutput = params.maxOutput;
        request.refundTo = params.refundTo;
        requestId = open(request, params.input, params.callbackData);
        emit AICallbackRequest(
            msg.sender,
            requestId,
            uint256(params.modelId),
            params.input,
            params.callbackContract,
            params.gasLimit,
            params.callbackData
        );
    }

    /// @inheritdoc IAIOracle
    /// @dev A node may set the base fee to 0 in eth_call: pass a gas price with the call, or ask from a contract.
    function estimateFee(uint256, uint256 gasLimit) external view returns (uint256) {
        return feeOf(gasLimit, DEFAULT_MAX_OUTPUT);
    }

    /// @inheritdoc IAivmOracle
    function estimateInferenceFee(uint64 gasLimit, uint32 maxOutput) external view returns (uint256) {
        return feeOf(gasLimit, maxOutput == 0 ? DEFAULT_MAX_OUTPUT : maxOutput);
    }

    function oaoRequest(uint256 modelId, address callbackContract, uint64 gasLimit)
        private
        pure
        returns (Request memory request)
    {
        request.modelId = bytes32(modelId);
        request.callbackContract = callbackContract;
        request.gasLimit = gasLimit;
        request.tier = TIER_OPTIMISTIC_FINAL;
    }

    function open(Request memory request, bytes calldata input, bytes calldata callbackData)
        private
        returns (uint256 requestId)
    {
        request.requester = msg.sender;
        request.inputHash = keccak256(input);
        request.callbackDataHash = keccak256(callbackData);
        request.maxFee = msg.value;
        if (request.deadline == 0) request.deadline = uint64(block.timestamp) + DEFAULT_DEADLINE;
        if (request.maxOutput == 0) request.maxOutput = DEFAULT_MAX_OUTPUT;
        if (request.refundTo == address(0)) request.refundTo = msg.sender;
        assertRequest(request, input.length);

        bytes32 paramsHash = keccak256(abi.encode(request));
        requestId = uint256(
            keccak256(abi.encode(DOMAIN_REQ, block.chainid, address(this), DEPLOY_SALT, nonce++, paramsHash))
        );
        slots[requestId] = slotOf(paramsHash, STATUS_PENDING);
        emit InferenceRequested(requestId, request.modelId, paramsHash, request, input, callbackData);
    }

    function assertRequest(Request memory request, uint256 inputLength) private view {
        if (inputLength == 0) revert InvalidRequest("input");
        address callback = request.callbackContract;
        if ((callback == address(0)) != (request.gasLimit == 0)) revert InvalidRequest("gasLimit");
        if (request.gasLimit > MAX_GAS_LIMIT) revert InvalidRequest("gasLimit");
        if (callback == address(this) || callback == address(ATTESTATION)) revert InvalidRequest("callbackContract");
        if (request.tier == 0 || request.tier > TIER_ALL) revert InvalidRequest("tier");
        if (request.deadline <= block.timestamp || request.deadline > block.timestamp + MAX_DEADLINE) {
            revert InvalidRequest("deadline");
        }
        if (request.maxOutput > MAX_OUTPUT) revert InvalidRequest("maxOutput");
        uint256 fee = feeOf(request.gasLimit, request.maxOutput);
        if (request.maxFee < fee) revert FeeTooLow(fee, request.maxFee);
    }

    function feeOf(uint256 gasLimit, uint256 maxOutput) private view returns (uint256) {
        return WORK_FEE + (gasLimit + OVERHEAD_GAS + maxOutput * GAS_PER_OUTPUT_BYTE) * gasPriceCap();
    }

    function gasPriceCap() private view returns (uint256) {
        return (block.basefee * 5) / 4 + TIP_FLOOR;
    }

    // ------------------------------------------------------------------ answering

    /// @inheritdoc IAivmOracle
    /// @dev All state is written before the callback except two credits that depend on the gas it used; those only
    /// add to balances, and the request can no longer be delivered, expired or retried meanwhile.
    function deliver(
        Proof calldata proof,
        Request calldata request,
        bytes calldata callbackData,
        Result calldata result
    ) external {
        uint256 gasAtStart = gasleft();
        uint256 requestId = result.requestId;
        bytes32 requestHash = pendingHash(requestId, request);
        if (keccak256(callbackData) != request.callbackDataHash) revert RequestMismatch(requestId);
        bytes32 hashOfOutput = keccak256(result.output);
        assertProven(proof, leafOf(request, requestHash, result, hashOfOutput));

        if (result.status == LEAF_EXPIRED) {
            slots[requestId] = slotOf(requestHash, STATUS_EXPIRED);
            uint256 refund = payRelay(requestId, request, address(0), gasAtStart, 0);
            emit RequestExpired(requestId, request.refundTo, refund);
            return;
        }
        assertAcceptable(request, result);
        slots[requestId] = slotOf(hashOfOutput, STATUS_FINAL);
        address payee = result.payee == address(0) ? request.refundTo : result.payee;
        credit[payee] += WORK_FEE;
        emit AICallbackResult(request.requester, requestId, msg.sender, result.output);
        if (request.callbackContract != address(0)) {
            (bool ok, bytes32 reason) = callBack(requestId, request, request.gasLimit, callbackData, result.output);
            if (!ok) {
                slots[requestId] = slotOf(hashOfOutput, STATUS_CALLBACK_FAILED);
                failed[requestId] = requestHash;
                emit CallbackFailed(requestId, reason);
            }
        }
        payRelay(requestId, request, payee, gasAtStart, result.output.length);
    }

    /// @inheritdoc IAivmOracle
    /// @dev Open to anyone, at his own cost, with at least the gas that the request asked for. A retry that fails
    /// again reverts, so the answer stays retryable.
    function retryCallback(
        uint256 requestId,
        Request calldata request,
        bytes calldata callbackData,
        bytes calldata output,
        uint64 gasLimit
    ) external {
        bytes32 slot = slots[requestId];
        bytes32 requestHash = keccak256(abi.encode(request));
        if (uint8(uint256(slot)) != STATUS_CALLBACK_FAILED) revert NothingToRetry(requestId);
        if (failed[requestId] != requestHash) revert RequestMismatch(requestId);
        if (keccak256(callbackData) != request.callbackDataHash) revert RequestMismatch(requestId);
        if (slotOf(keccak256(output), STATUS_CALLBACK_FAILED) != slot) revert OutputMismatch(requestId);
        if (gasLimit < request.gasLimit) revert InsufficientGas(request.gasLimit, gasLimit);
        slots[requestId] = slotOf(keccak256(output), STATUS_FINAL);
        delete failed[requestId];
        (bool ok, bytes32 reason) = callBack(requestId, request, gasLimit, callbackData, output);
        if (!ok) revert CallbackStillFails(reason);
        emit CallbackRetried(requestId, msg.sender);
    }

    /// @inheritdoc IAivmOracle
    /// @notice Refunds everything, an hour after the deadline, when nothing was delivered.
    function expire(uint256 requestId, Request calldata request) external {
        bytes32 requestHash = pendingHash(requestId, request);
        uint256 from = uint256(request.deadline) + EXPIRE_DELAY;
        if (block.timestamp < from) revert NotYetExpirable(from, block.timestamp);
        slots[requestId] = slotOf(requestHash, STATUS_EXPIRED);
        credit[request.refundTo] += request.maxFee;
        emit RequestExpired(requestId, request.refundTo, request.maxFee);
    }

    /// @inheritdoc IAivmOracle
    function withdraw(address to) external returns (uint256 amount) {
        amount = credit[msg.sender];
        if (amount == 0) revert NothingToWithdraw(msg.sender);
        credit[msg.sender] = 0;
        (bool ok,) = to.call{value: amount}("");
        if (!ok) revert TransferFailed(to);
        emit Withdrawn(msg.sender, to, amount);
    }

    function pendingHash(uint256 requestId, Request calldata request) private view returns (bytes32 requestHash) {
        bytes32 slot = slots[requestId];
        uint8 status = uint8(uint256(slot));
        if (status == STATUS_NONE) revert UnknownRequest(requestId);
        if (status != STATUS_PENDING) revert AlreadySettled(requestId, status);
        requestHash = keccak256(abi.encode(request));
        if (slotOf(requestHash, STATUS_PENDING) != slot) revert RequestMismatch(requestId);
    }

    function leafOf(Request calldata request, bytes32 requestHash, Result calldata result, bytes32 hashOfOutput)
        private
        view
        returns (bytes32)
    {
        return ResultsTree.leafHash(
            abi.encode(
                DOMAIN_RES,
                block.chainid,
                address(this),
                result.requestId,
                requestHash,
                result.status,
                hashOfOutput,
                result.outputRoot,
                request.modelId,
                result.tier,
                result.payee,
                request.deadline,
                result.finalHeight
            )
        );
    }

    function assertProven(Proof calldata proof, bytes32 leaf) private view {
        bytes32 root = ResultsTree.rootOf(leaf, proof.index, proof.path);
        if (root != proof.root) revert InvalidPath(proof.root, root);
        if (proof.signatures.length != 0) {
            ATTESTATION.verifyRoot(proof.setId, proof.rootHeight, root, proof.bitmap, proof.signatures);
        } else if (!ATTESTATION.isAttested(root)) {
            revert RootNotAttested(root);
        }
    }

    /// @dev A tier is a set of flags that the result must have; OPTIMISTIC_FINAL stands for EARLY too.
    function assertAcceptable(Request calldata request, Result calldata result) private pure {
        if (result.status != LEAF_FINAL) revert NotFinal(result.status);
        uint8 got = result.tier;
        if (got & TIER_OPTIMISTIC_FINAL != 0) got |= TIER_EARLY;
        if (got & request.tier != request.tier) revert TierTooLow(request.tier, result.tier);
        if (result.output.length > request.maxOutput) {
            revert OutputTooLong(request.maxOutput, result.output.length);
        }
    }

    /// @dev EIP-150 hands on at most 63/64 of the gas: with less than this the callee would be starved and its
    /// failure recorded as its own, so the whole transaction reverts instead. Returned bytes are capped.
    function callBack(
        uint256 requestId,
        Request calldata request,
        uint64 gasLimit,
        bytes calldata callbackData,
        bytes calldata output
    ) private returns (bool ok, bytes32 reason) {
        address target = request.callbackContract;
        if (target.code.length == 0) return (false, keccak256("no code"));
        bytes memory payload =
            abi.encodeCall(AIOracleCallbackReceiver.aiOracleCallback, (requestId, output, callbackData));
        uint256 want = (uint256(gasLimit) * 64) / 63 + 1 + CALL_GAS;
        if (gasleft() < want) revert InsufficientGas(want, gasleft());
        assembly ("memory-safe") {
            ok := call(gasLimit, target, 0, add(payload, 0x20), mload(payload), 0, 0)
            if iszero(ok) {
                let size := returndatasize()
                if gt(size, MAX_REVERT_BYTES) { size := MAX_REVERT_BYTES }
                let at := mload(0x40)
                returndatacopy(at, 0, size)
                reason := keccak256(at, size)
            }
        }
    }

    /// @dev Pays the caller for the gas used so far, priced at no more than base fee x 1.25 + TIP_FLOOR, out of what
    /// the payee (zero: none) left, and credits the rest to the requester's choice. Returns that rest.
    function payRelay(
        uint256 requestId,
        Request calldata request,
        address payee,
        uint256 gasAtStart,
        uint256 outputLength
    ) private returns (uint256 rest) {
        uint256 work = payee == address(0) ? 0 : WORK_FEE;
        uint256 budget = request.maxFee - work;
        uint256 price = gasPriceCap();
        if (tx.gasprice < price) price = tx.gasprice;
        uint256 relay = (gasAtStart - gasleft() + UNMEASURED_GAS + outputLength * 16) * price;
        if (relay > budget) relay = budget;
        rest = budget - relay;
        if (relay != 0) credit[msg.sender] += relay;
        if (rest != 0) credit[request.refundTo] += rest;
        emit Settled(requestId, payee, msg.sender, work, relay, rest);
    }

    function slotOf(bytes32 hash, uint8 status) private pure returns (bytes32) {
        return bytes32((uint256(hash) & ~uint256(0xff)) | status);
    }

    // ------------------------------------------------------------------ reading

    /// @inheritdoc IAivmOracle
    function statusOf(uint256 requestId) public view returns (uint8) {
        return uint8(uint256(slots[requestId]));
    }

    /// @inheritdoc IAIOracle
    function isFinalized(uint256 requestId) external view returns (bool) {
        uint8 status = statusOf(requestId);
        return status == STATUS_FINAL || status == STATUS_CALLBACK_FAILED;
    }

    /// @inheritdoc IAivmOracle
    /// @notice First 31 bytes of keccak256(output) of a final request, else zero.
    function outputHash(uint256 requestId) external view returns (bytes31) {
        uint8 status = statusOf(requestId);
        if (status != STATUS_FINAL && status != STATUS_CALLBACK_FAILED) return bytes31(0);
        return bytes31(slots[requestId]);
    }

    /// @inheritdoc IAIOracle
    function getModel(uint256 modelId)
        external
        view
        returns (bytes32, bytes32, uint256, address, uint256, uint256, address, bool)
    {
        return (bytes32(modelId), bytes32(0), WORK_FEE, address(0), 0, 0, address(0), false);
    }
}
