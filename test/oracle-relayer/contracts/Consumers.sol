// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

import {AIOracleCallbackReceiver} from "../../../oracle-relayer/contracts/AIOracleCallbackReceiver.sol";
import {IAIOracle} from "../../../oracle-relayer/contracts/interfaces/IAIOracle.sol";
import {
    IAivmOracle,
    Proof,
    Request,
    Result
} from "../../../oracle-relayer/contracts/interfaces/IAivmOracle.sol";

/// @notice Written as an OAO consumer: knows IAIOracle only.
contract OaoConsumer is AIOracleCallbackReceiver {
    mapping(uint256 => bytes32) public answerHash;

    constructor(IAIOracle oracle) AIOracleCallbackReceiver(oracle) {}

    function ask(uint256 modelId, bytes calldata input, uint64 gasLimit) external payable returns (uint256) {
        return aiOracle.requestCallback{value: msg.value}(modelId, input, address(this), gasLimit, "tag");
    }

    function aiOracleCallback(uint256 id, bytes calldata output, bytes calldata) external override onlyAIOracleCallback {
        require(aiOracle.isFinalized(id), "not final");
        answerHash[id] = keccak256(output);
    }
}

/// @notice Reverts while `broken`, with as long a reason as told.
contract FragileConsumer is AIOracleCallbackReceiver {
    bool public broken = true;
    uint256 public reasonBytes = 100_000;
    uint256 public calls;
    uint256 public gasSeen;

    constructor(IAIOracle oracle) AIOracleCallbackReceiver(oracle) {}

    function mend() external {
        broken = false;
    }

    function aiOracleCallback(uint256, bytes calldata, bytes calldata) external override onlyAIOracleCallback {
        uint256 got = gasleft();
        if (broken) {
            uint256 size = reasonBytes;
            assembly {
                revert(0x1000, size)
            }
        }
        gasSeen = got;
        calls += 1;
    }
}

/// @notice Uses its callback to try everything that must fail, and to ask again, which must work.
contract GreedyConsumer is AIOracleCallbackReceiver {
    bytes private again;
    bytes private retry;
    bytes private expiry;
    uint256 public entered;
    uint256 public forbiddenThatWorked;
    uint256 public nestedId;

    constructor(IAIOracle oracle) AIOracleCallbackReceiver(oracle) {}

    receive() external payable {}

    function arm(bytes calldata deliverCall, bytes calldata retryCall, bytes calldata expireCall) external {
        again = deliverCall;
        retry = retryCall;
        expiry = expireCall;
    }

    function aiOracleCallback(uint256, bytes calldata, bytes calldata) external override onlyAIOracleCallback {
        entered += 1;
        if (works(again)) forbiddenThatWorked += 1;
        if (works(retry)) forbiddenThatWorked += 1;
        if (works(expiry)) forbiddenThatWorked += 1;
        if (works(abi.encodeCall(IAivmOracle.withdraw, (address(this))))) forbiddenThatWorked += 1;
        uint256 fee = aiOracle.estimateFee(7, 200_000);
        nestedId = aiOracle.requestCallback{value: fee}(7, "nested", address(this), 200_000, "");
    }

    function works(bytes memory data) private returns (bool ok) {
        (ok,) = address(aiOracle).call(data);
    }
}

/// @notice Takes its refund, and asks for it again while it is being paid.
contract GreedyPayee {
    IAivmOracle private immutable oracle;
    uint256 public payments;

    constructor(IAivmOracle target) {
        oracle = target;
    }

    function take() external {
        oracle.withdraw(address(this));
    }

    receive() external payable {
        payments += 1;
        if (payments < 3) {
            try oracle.withdraw(address(this)) {} catch {}
        }
    }
}
