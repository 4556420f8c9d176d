// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

import {SignerSet} from "./SignerSet.sol";

/// @notice What an attestation is deployed with.
struct AttestationConfig {
    bytes32 genesisHash; // of the aivm chain: names the network, not only its chain id
    uint64 setId; // of the first set
    uint64 expires; // Unix seconds after which the first set signs nothing
    uint64 retention; // seconds that a replaced set may still attest results
    uint64 minRotationDelay; // seconds between two rotations
}

/// @notice A validator set to rotate to.
struct NewSet {
    uint64 setId;
    uint64 validFrom; // Unix seconds before which it may not be installed
    uint64 expires;
    address[] signers; // strictly ascending
    uint64[] powers;
}

/// @title Results roots of the aivm chain, as its validators attest them.
/// @notice Digest of a root:
///   keccak256(0x1901 || DOMAIN_SEPARATOR || keccak256(abi.encode(ROOT_TYPE, setId, rootHeight, root)))
/// with DOMAIN_SEPARATOR = keccak256(abi.encode(
///   keccak256("aivm/domain/1"), keccak256("aivm"), keccak256("1"), genesisHash)).
/// It names no destination: (chain id, oracle, request) are inside every leaf, so one signature serves all.
/// A checkpoint of a validator set does name this chain and this contract, since each contract rotates on its own:
///   keccak256(0x1901 || DOMAIN_SEPARATOR || keccak256(abi.encode(
///     SET_TYPE, block.chainid, address(this), setId, setHash, threshold, validFrom, expires)))
/// with setHash = keccak256(n x (address 20 | power u64 big-endian)) and threshold = floor(2/3 of the total power),
/// which signatures must exceed. Nobody owns this contract: only signatures move it.
contract Attestation {
    struct SetRecord {
        address pointer;
        uint64 expires;
    }

    bytes32 public constant ROOT_TYPE = keccak256("aivm/root/1");
    bytes32 public constant SET_TYPE = keccak256("aivm/set/1");
    uint64 public constant MAX_SET_JUMP = 1_000_000;

    bytes32 public immutable GENESIS_HASH;
    bytes32 public immutable DOMAIN_SEPARATOR;
    uint64 public immutable RETENTION;
    uint64 public immutable MIN_ROTATION_DELAY;

    uint64 public currentSetId;
    uint64 public rotatedAt;
    uint64[2] private replaced; // ids of the two sets before the current one, the newer first
    mapping(uint64 setId => SetRecord) private sets;
    /// @notice Height of a submitted root; 0 = not submitted.
    mapping(bytes32 root => uint64 rootHeight) public rootHeightOf;

    event SetChanged(uint64 indexed setId, bytes32 setHash, uint128 threshold, uint64 expires, address pointer);
    event RootSubmitted(bytes32 indexed root, uint64 indexed rootHeight, uint64 setId);

    error UnknownSet(uint64 setId);
    error SetExpired(uint64 setId, uint64 expires);
    error SetIdOutOfRange(uint64 currentSetId, uint64 setId);
    error RotationTooEarly(uint256 from, uint256 current);
    error ZeroHeight();

    constructor(AttestationConfig memory config, address[] memory signers, uint64[] memory powers) {
        GENESIS_HASH = config.genesisHash;
        RETENTION = config.retention;
        MIN_ROTATION_DELAY = config.minRotationDelay;
        DOMAIN_SEPARATOR = keccak256(
            abi.encode(keccak256("aivm/domain/1"), keccak256("aivm"), keccak256("1"), config.genesisHash)
        );
        (bytes memory packed, uint128 threshold) = SignerSet.pack(signers, powers);
        install(config.setId, config.expires, packed, threshold);
    }

    /// @notice Records a root that validators signed, so that many results can be delivered by path alone.
    function submitRoot(
        uint64 setId,
        uint64 rootHeight,
        bytes32 root,
        uint256 bitmap,
        bytes calldata signatures
    ) external {
        if (rootHeight == 0) revert ZeroHeight();
        verifyRoot(setId, rootHeight, root, bitmap, signatures);
        if (rootHeightOf[root] == 0) rootHeightOf[root] = rootHeight;
        emit RootSubmitted(root, rootHeight, setId);
    }

    /// @notice Reverts unless more than 2/3 of the set's power signed the root. Changes nothing.
    function verifyRoot(
        uint64 setId,
        uint64 rootHeight,
        bytes32 root,
        uint256 bitmap,
        bytes calldata signatures
    ) public view {
        SignerSet.verify(liveSet(setId), rootDigest(setId, rootHeight, root), bitmap, signatures);
    }

    /// @notice True once `root` was submitted with enough signatures.
    function isAttested(bytes32 root) external view returns (bool) {
        return rootHeightOf[root] != 0;
    }

    /// @notice Replaces the current set by one that more than 2/3 of the current set's power signed.
    /// Ids may skip, but not far, so that no single rotation can use up the id space.
    function rotate(NewSet calldata next, uint256 bitmap, bytes calldata signatures) external {
        uint64 current = currentSetId;
        if (next.setId <= current || next.setId - current > MAX_SET_JUMP) {
            revert SetIdOutOfRange(current, next.setId);
        }
        uint256 earliest = rotatedAt + MIN_ROTATION_DELAY;
        if (next.validFrom > earliest) earliest = next.validFrom;
        if (block.timestamp < earliest) revert RotationTooEarly(earliest, block.timestamp);
        if (next.expires <= block.timestamp) revert SetExpired(next.setId, next.expires);
        (bytes memory packed, uint128 threshold) = SignerSet.pack(next.signers, next.powers);
        bytes32 digest = setDigest(next.setId, keccak256(packed), threshold, next.validFrom, next.expires);
        SignerSet.verify(liveSet(current), digest, bitmap, signatures);
        retire(current);
        install(next.setId, next.expires, packed, threshold);
    }

    function rootDigest(uint64 setId, uint64 rootHeight, bytes32 root) public view returns (bytes32) {
        bytes32 body = keccak256(abi.encode(ROOT_TYPE, setId, rootHeight, root));
        return keccak256(abi.encodePacked(hex"1901", DOMAIN_SEPARATOR, body));
    }

    function setDigest(uint64 setId, bytes32 setHash, uint128 threshold, uint64 validFrom, uint64 expires)
        public
        view
        returns (bytes32)
    {
        bytes32 body = keccak256(
            abi.encode(SET_TYPE, block.chainid, address(this), setId, setHash, threshold, validFrom, expires)
        );
        return keccak256(abi.encodePacked(hex"1901", DOMAIN_SEPARATOR, body));
    }

    /// @notice Where a set is kept (its code: 0x00 | threshold u128 | entries) and until when it may sign.
    function setOf(uint64 setId) external view returns (address pointer, uint64 expires) {
        SetRecord memory record = sets[setId];
        return (record.pointer, record.expires);
    }

    function liveSet(uint64 setId) private view returns (address) {
        SetRecord memory record = sets[setId];
        if (record.pointer == address(0)) revert UnknownSet(setId);
        if (block.timestamp > record.expires) revert SetExpired(setId, record.expires);
        return record.pointer;
    }

    /// @dev The replaced set keeps attesting results for RETENTION, so that a rotation strands nothing in flight;
    /// only two replaced sets are kept alive.
    function retire(uint64 setId) private {
        uint64 until = uint64(block.timestamp) + RETENTION;
        if (sets[setId].expires > until) sets[setId].expires = until;
        uint64 oldest = replaced[1];
        if (sets[oldest].pointer != address(0)) sets[oldest].expires = 0;
        replaced[1] = replaced[0];
        replaced[0] = setId;
    }

    function install(uint64 setId, uint64 expires, bytes memory packed, uint128 threshold) private {
        address pointer = SignerSet.write(packed, threshold);
        sets[setId] = SetRecord(pointer, expires);
        currentSetId = setId;
        rotatedAt = uint64(block.timestamp);
        emit SetChanged(setId, keccak256(packed), threshold, expires, pointer);
    }
}
