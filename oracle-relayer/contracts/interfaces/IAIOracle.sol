// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

/// @title The interface that OAO consumers are written against.
/// @notice Names, types, selectors and event topics are OAO's, so that a consumer compiles and works unchanged.
interface IAIOracle {
    /// @notice Where bytes are: only Calldata is served here, the others are refused.
    enum DA {
        Calldata,
        Blob,
        IPFS
    }

    /// @notice Error classes of `aiOracleCallbackError`.
    enum AIOracleError {
        InvalidInput,
        InvalidBatchSize
    }

    event AICallbackRequest(
        address indexed account,
        uint256 indexed requestId,
        uint256 modelId,
        bytes input,
        address callbackContract,
        uint64 gasLimit,
        bytes callbackData
    );

    event AICallbackRequest(
        address indexed account,
        uint256 indexed requestId,
        uint256 modelId,
        bytes input,
        address callbackContract,
        uint64 gasLimit,
        bytes callbackData,
        DA inputDA,
        DA outputDA,
        uint256 batchSize
    );

    event AICallbackResult(address indexed account, uint256 indexed requestId, address invoker, bytes output);

    /// @notice Asks for an inference. `modelId` is the 32 bytes of the model's hash.
    function requestCallback(
        uint256 modelId,
        bytes calldata input,
        address callbackContract,
        uint64 gasLimit,
        bytes calldata callbackData
    ) external payable returns (uint256 requestId);

    /// @notice The same, naming where input and output are.
    function requestCallback(
        uint256 modelId,
        bytes calldata input,
        address callbackContract,
        uint64 gasLimit,
        bytes calldata callbackData,
        DA inputDA,
        DA outputDA
    ) external payable returns (uint256 requestId);

    /// @notice Wei that a request must carry at this block's base fee.
    function estimateFee(uint256 modelId, uint256 gasLimit) external view returns (uint256);

    /// @notice True once the answer is final and can no longer change.
    function isFinalized(uint256 requestId) external view returns (bool);

    /// @notice What the oracle knows of a model. Model ids are content hashes and the registry is on the aivm chain,
    /// so only modelHash and fee carry information here.
    function getModel(uint256 modelId)
        external
        view
        returns (
            bytes32 modelHash,
            bytes32 programHash,
            uint256 fee,
            address receiver,
            uint256 receiverPercentage,
            uint256 accumulateRevenue,
            address token,
            bool unverifiable
        );
}
