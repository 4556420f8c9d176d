// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

/// @title The keccak results tree: leaf = keccak256(0x00 || item), node = keccak256(0x01 || left || right), perfect.
/// @dev The prefixes keep leaves and nodes apart, so a path's length needs no further check.
library ResultsTree {
    error IndexOutOfPath(uint256 index, uint256 height);

    /// @notice Hash of a leaf whose item is `item`.
    function leafHash(bytes memory item) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(hex"00", item));
    }

    /// @notice Root that leaf `index` and its sibling path, from the leaf up, imply.
    function rootOf(bytes32 leaf, uint256 index, bytes32[] calldata path) internal pure returns (bytes32 hash) {
        uint256 height = path.length;
        if (height > 32 || index >> height != 0) revert IndexOutOfPath(index, height);
        hash = leaf;
        for (uint256 level = 0; level < height; ++level) {
            bytes32 sibling = path[level];
            bool right = (index >> level) & 1 == 1;
            assembly ("memory-safe") {
                let at := mload(0x40)
                mstore8(at, 1)
                mstore(add(at, 0x01), xor(mul(xor(hash, sibling), right), hash))
                mstore(add(at, 0x21), xor(mul(xor(hash, sibling), right), sibling))
                hash := keccak256(at, 0x41)
            }
        }
    }
}
