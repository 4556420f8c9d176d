// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

import {IAIOracle} from "./interfaces/IAIOracle.sol";

/// @title Base of a contract that asks the oracle and is called back with the answer.
abstract contract AIOracleCallbackReceiver {
    IAIOracle public immutable aiOracle;

    error UnauthorizedCallbackSource(IAIOracle expected, IAIOracle found);

    event AICallbackError(
        uint256 indexed requestId, IAIOracle.AIOracleError indexed code, bytes message, bytes callbackData
    );

    constructor(IAIOracle oracle) {
        aiOracle = oracle;
    }

    /// @dev Every callback needs it: without it anyone could hand in an answer.
    modifier onlyAIOracleCallback() {
        if (msg.sender != address(aiOracle)) {
            revert UnauthorizedCallbackSource(aiOracle, IAIOracle(msg.sender));
        }
        _;
    }

    /// @notice Takes the answer. `output` is the model's canonical output bytes.
    function aiOracleCallback(uint256 requestId, bytes calldata output, bytes calldata callbackData)
        external
        virtual;

    /// @notice Takes an error. Nobody has to override it.
    function aiOracleCallbackError(
        uint256 requestId,
        IAIOracle.AIOracleError code,
        bytes calldata message,
        bytes calldata callbackData
    ) external virtual onlyAIOracleCallback {
        emit AICallbackError(requestId, code, message, callbackData);
    }

    function isFinalized(uint256 requestId) external view returns (bool) {
        return aiOracle.isFinalized(requestId);
    }
}
