// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

import {AIOracleCallbackReceiver} from "../AIOracleCallbackReceiver.sol";
import {IAivmOracle, RequestParams} from "../interfaces/IAivmOracle.sol";

/// @title Asks which digit an image shows, and keeps the answer.
contract DigitConsumer is AIOracleCallbackReceiver {
    struct Answer {
        uint8 class;
        bool known;
        bytes32 outputHash;
    }

    bytes32 public immutable MODEL_ID;
    uint64 public constant CALLBACK_GAS = 100_000;
    uint256 public lastRequestId;
    mapping(uint256 requestId => Answer) public answers;

    constructor(IAivmOracle oracle, bytes32 modelId) AIOracleCallbackReceiver(oracle) {
        MODEL_ID = modelId;
    }

    function ask(bytes calldata image) external payable returns (uint256) {
        // tier 8 = final after the challenge window; window and deadline by default; what is left goes to the asker
        return IAivmOracle(address(aiOracle)).requestInference{value: msg.value}(
            RequestParams(MODEL_ID, image, address(this), CALLBACK_GAS, "", 8, 0, 0, 256, msg.sender)
        );
    }

    /// @dev The output's first tensor is the class, an i32 in little-endian: its first byte is the digit.
    function aiOracleCallback(uint256 id, bytes calldata output, bytes calldata) external override onlyAIOracleCallback {
        answers[id] = Answer(uint8(output[0]), true, keccak256(output));
        lastRequestId = id;
    }
}
