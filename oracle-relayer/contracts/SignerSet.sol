// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

/// @title A weighted signer set kept as contract code, and the check of its signatures.
/// @dev Code: 0x00 (STOP) | threshold u128 | n x (address 20 | power u64). One EXTCODECOPY reads the whole set,
/// which for 4 signers and more is cheaper than storage slots.
library SignerSet {
    error EmptySet();
    error SetTooLarge(uint256 size);
    error SetNotAscending(uint256 index);
    error ZeroPower(uint256 index);
    error LengthMismatch(uint256 signers, uint256 powers);
    error SetCodeNotWritten();
    error BitmapOutOfRange(uint256 bitmap, uint256 size);
    error SignatureCount(uint256 want, uint256 gotBytes);
    error HighS(uint256 index);
    error BadSignature(uint256 index);
    error InsufficientPower(uint256 want, uint256 got);

    uint256 internal constant MAX_SIGNERS = 100;
    uint256 private constant ENTRY = 28;
    uint256 private constant HEADER = 16;
    uint256 private constant HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;

    /// @notice The set's bytes, n x 28, and the power that signatures must exceed: floor(2/3 of the total).
    /// @dev Addresses strictly ascend, so there is no duplicate and, as the first must exceed zero, no zero address.
    function pack(address[] memory signers, uint64[] memory powers)
        internal
        pure
        returns (bytes memory packed, uint128 threshold)
    {
        uint256 size = signers.length;
        if (size == 0) revert EmptySet();
        if (size > MAX_SIGNERS) revert SetTooLarge(size);
        if (size != powers.length) revert LengthMismatch(size, powers.length);
        packed = new bytes(size * ENTRY + 4); // entries are written as words: the last one spills 4 zero bytes
        uint256 total;
        address last = address(0);
        for (uint256 i = 0; i < size; ++i) {
            if (signers[i] <= last) revert SetNotAscending(i);
            if (powers[i] == 0) revert ZeroPower(i);
            last = signers[i];
            total += powers[i];
            uint256 entry = (uint256(uint160(last)) << 96) | (uint256(powers[i]) << 32);
            assembly ("memory-safe") {
                mstore(add(add(packed, 0x20), mul(i, ENTRY)), entry)
            }
        }
        assembly ("memory-safe") {
            mstore(packed, mul(size, ENTRY))
        }
        threshold = uint128((total * 2) / 3);
    }

    /// @notice Writes a set as the code of a new contract.
    function write(bytes memory packed, uint128 threshold) internal returns (address pointer) {
        bytes memory code = abi.encodePacked(hex"00", threshold, packed);
        // PUSH2 length, DUP1, PUSH1 10, RETURNDATASIZE (0), CODECOPY, RETURNDATASIZE (0), RETURN
        bytes memory init = abi.encodePacked(hex"61", uint16(code.length), hex"80600a3d393df3", code);
        assembly ("memory-safe") {
            pointer := create(0, add(init, 0x20), mload(init))
        }
        if (pointer == address(0)) revert SetCodeNotWritten();
    }

    /// @notice Reverts unless signers of more than 2/3 of the set's power signed `digest`.
    /// @param bitmap bit i set: signer i's signature follows
    /// @param signatures 64 bytes each (EIP-2098: r, then s with the y parity in its top bit), in index order
    /// @dev One pass, and it stops as soon as the power is there: signatures after that are not looked at.
    function verify(address pointer, bytes32 digest, uint256 bitmap, bytes calldata signatures) internal view {
        uint256 entries;
        uint256 size;
        uint256 threshold;
        assembly ("memory-safe") {
            let length := sub(extcodesize(pointer), 1)
            let start := mload(0x40)
            mstore(0x40, and(add(add(start, length), 0x3f), not(0x1f)))
            extcodecopy(pointer, start, 1, length)
            threshold := shr(128, mload(start))
            entries := add(start, HEADER)
            size := div(sub(length, HEADER), ENTRY)
        }
        if (bitmap >> size != 0) revert BitmapOutOfRange(bitmap, size);
        uint256 count = popCount(bitmap);
        if (signatures.length != count * 64) revert SignatureCount(count, signatures.length);
        uint256 signed;
        uint256 offset;
        uint256 buffer; // digest | v | r | s: what ecrecover reads, written over for each signature
        assembly ("memory-safe") {
            buffer := mload(0x40)
            mstore(0x40, add(buffer, 0x80))
            mstore(buffer, digest)
        }
        unchecked {
            for (uint256 i = 0; i < size; ++i) {
                if ((bitmap >> i) & 1 == 0) continue;
                uint256 entry;
                assembly ("memory-safe") {
                    entry := mload(add(entries, mul(i, ENTRY)))
                }
                checkOne(buffer, signatures, offset, entry >> 96, i);
                offset += 64;
                signed += uint64(entry >> 32);
                if (signed > threshold) return;
            }
        }
        revert InsufficientPower(threshold + 1, signed);
    }

    /// @dev ecrecover by hand, into one buffer: a third cheaper beside its own 3,000 gas than Solidity's.
    function checkOne(uint256 buffer, bytes calldata signatures, uint256 offset, uint256 signer, uint256 index)
        private
        view
    {
        uint256 s;
        uint256 found;
        assembly ("memory-safe") {
            let at := add(signatures.offset, offset)
            let vs := calldataload(add(at, 0x20))
            s := shr(1, shl(1, vs))
            mstore(add(buffer, 0x20), add(27, shr(255, vs)))
            mstore(add(buffer, 0x40), calldataload(at))
            mstore(add(buffer, 0x60), s)
            // an invalid signature returns no bytes at all, so what is read must be zero before
            mstore(0x00, 0)
            pop(staticcall(gas(), 1, buffer, 0x80, 0x00, 0x20))
            found := mload(0x00)
        }
        if (s > HALF_ORDER) revert HighS(index);
        // zero for an invalid signature, and no signer of a set is zero
        if (found != signer) revert BadSignature(index);
    }

    /// @dev Bits set in `x`: parallel sums in lanes of 2, 4, 8 bits, then one multiplication adds the 16 low bytes.
    function popCount(uint256 x) private pure returns (uint256) {
        if (x >> 128 != 0) return 256; // no set is that large: the caller has refused it already
        unchecked {
            x -= (x >> 1) & 0x55555555555555555555555555555555;
            x = (x & 0x33333333333333333333333333333333) + ((x >> 2) & 0x33333333333333333333333333333333);
            x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f;
            return ((x * 0x01010101010101010101010101010101) >> 120) & 0xff;
        }
    }
}
