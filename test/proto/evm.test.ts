import { secp256k1 } from "@noble/curves/secp256k1.js";
import { expect } from "chai";
import fc from "fast-check";
import {
  concatHex,
  encodeAbiParameters,
  type Hex,
  recoverAddress,
  toHex,
  keccak256 as viemKeccak,
} from "viem";
import { privateKeyToAddress } from "viem/accounts";
import { treePath, verifyPath } from "../../common/merkle.ts";
import {
  DOMAIN_REQ,
  DOMAIN_RES,
  domainSeparator,
  type EvmRequest,
  ethAddressOf,
  evmRequestHash,
  evmRequestId,
  keccak256,
  keccakTree,
  type ResultLeaf,
  ROOT_TYPE,
  recoverRootSigner,
  resultLeafBytes,
  resultsTree,
  rootDigest,
  signRootDigest,
  uintWord,
} from "../../proto/evm.ts";

const RUNS = { seed: 11, numRuns: 60 } as const;
const bytes = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length });
const u = (bits: number): fc.Arbitrary<bigint> => fc.bigInt({ min: 0n, max: (1n << BigInt(bits)) - 1n });
const small = (bits: number): fc.Arbitrary<number> => fc.integer({ min: 0, max: 2 ** bits - 1 });

const leafArbitrary: fc.Arbitrary<ResultLeaf> = fc.record({
  dstChainId: u(256),
  oracle: bytes(20),
  requestId: bytes(32),
  requestHash: bytes(32),
  status: small(8),
  outputHash: bytes(32),
  outputRoot: bytes(32),
  modelId: bytes(32),
  tier: small(8),
  payee: bytes(20),
  deadline: u(64),
  finalHeight: u(64),
});

const requestArbitrary: fc.Arbitrary<EvmRequest> = fc.record({
  requester: bytes(20),
  modelId: bytes(32),
  input: fc.uint8Array({ maxLength: 300 }),
  callbackContract: bytes(20),
  gasLimit: u(64),
  callbackData: fc.uint8Array({ maxLength: 100 }),
  maxFee: u(256),
  tier: small(8),
  window: u(64),
  deadline: u(64),
  maxOutput: small(32),
  refundTo: bytes(20),
});

function abi(types: string, values: readonly unknown[]): Hex {
  return encodeAbiParameters(
    types.split(" ").map((type) => ({ type })),
    [...values],
  );
}

describe("proto/evm", () => {
  it("takes keccak256 of the domain names", () => {
    expect(toHex(DOMAIN_REQ)).to.equal(viemKeccak(toHex("aivm/req/1")));
    expect(toHex(DOMAIN_RES)).to.equal(viemKeccak(toHex("aivm/res/1")));
    expect(toHex(ROOT_TYPE)).to.equal(viemKeccak(toHex("aivm/root/1")));
    expect(toHex(keccak256())).to.equal("0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
  });

  it("encodes a leaf as abi.encode does", () => {
    fc.assert(
      fc.property(leafArbitrary, (leaf) => {
        const want = abi(
          "bytes32 uint256 address bytes32 bytes32 uint8 bytes32 bytes32 bytes32 uint8 address uint64 uint64",
          [
            toHex(DOMAIN_RES),
            leaf.dstChainId,
            toHex(leaf.oracle),
            toHex(leaf.requestId),
            toHex(leaf.requestHash),
            leaf.status,
            toHex(leaf.outputHash),
            toHex(leaf.outputRoot),
            toHex(leaf.modelId),
            leaf.tier,
            toHex(leaf.payee),
            leaf.deadline,
            leaf.finalHeight,
          ],
        );
        expect(toHex(resultLeafBytes(leaf))).to.equal(want);
        expect(toHex(keccakTree.leaf(resultLeafBytes(leaf)))).to.equal(viemKeccak(concatHex(["0x00", want])));
      }),
      RUNS,
    );
  });

  it("hashes a request and derives its id as abi.encode does", () => {
    fc.assert(
      fc.property(requestArbitrary, u(64), bytes(32), (request, nonce, deploySalt) => {
        const types =
          "address bytes32 bytes32 address uint64 bytes32 uint256 uint8 uint64 uint64 uint32 address";
        const want = viemKeccak(
          abi(types, [
            toHex(request.requester),
            toHex(request.modelId),
            viemKeccak(request.input),
            toHex(request.callbackContract),
            request.gasLimit,
            viemKeccak(request.callbackData),
            request.maxFee,
            request.tier,
            request.window,
            request.deadline,
            request.maxOutput,
            toHex(request.refundTo),
          ]),
        );
        const paramsHash = evmRequestHash(request);
        expect(toHex(paramsHash)).to.equal(want);
        const origin = { chainId: 31337n, oracle: request.requester, deploySalt, nonce, paramsHash };
        expect(toHex(evmRequestId(origin))).to.equal(
          viemKeccak(
            abi("bytes32 uint256 address bytes32 uint256 bytes32", [
              toHex(DOMAIN_REQ),
              31337n,
              toHex(request.requester),
              toHex(deploySalt),
              nonce,
              want,
            ]),
          ),
        );
      }),
      RUNS,
    );
  });

  it("derives the domain and the digest of a root as abi.encode does", () => {
    fc.assert(
      fc.property(bytes(32), u(64), u(64), bytes(32), (genesisHash, setId, rootHeight, root) => {
        const named = (text: string): Hex => viemKeccak(toHex(text));
        const domain = viemKeccak(
          abi("bytes32 bytes32 bytes32 bytes32", [
            named("aivm/domain/1"),
            named("aivm"),
            named("1"),
            toHex(genesisHash),
          ]),
        );
        expect(toHex(domainSeparator(genesisHash))).to.equal(domain);
        const body = viemKeccak(
          abi("bytes32 uint64 uint64 bytes32", [named("aivm/root/1"), setId, rootHeight, toHex(root)]),
        );
        const digest = rootDigest({ genesisHash, setId, rootHeight, root });
        expect(toHex(digest)).to.equal(viemKeccak(concatHex(["0x1901", domain, body])));
      }),
      RUNS,
    );
  });

  it("opens every leaf of a results tree", () => {
    fc.assert(
      fc.property(fc.array(leafArbitrary, { minLength: 1, maxLength: 9 }), (leaves) => {
        const tree = resultsTree(leaves);
        leaves.forEach((leaf, index) => {
          const path = treePath(tree, index);
          const opening = {
            root: tree.root,
            item: resultLeafBytes(leaf),
            index,
            itemCount: leaves.length,
            path,
          };
          expect(verifyPath(opening, keccakTree)).to.equal(true);
        });
      }),
      { ...RUNS, numRuns: 15 },
    );
  });

  it("pads a results tree with keccak256(0x00)", () => {
    const leaves = fc.sample(leafArbitrary, { seed: 3, numRuns: 3 });
    const tree = resultsTree(leaves);
    expect(toHex(tree.levels[0]?.[3] ?? new Uint8Array())).to.equal(viemKeccak("0x00"));
  });

  it("refuses a field that its Solidity type cannot hold", () => {
    expect(() => uintWord(1n << 64n, 64)).to.throw("PROTO_EVM_WORD");
    expect(() => uintWord(-1n, 64)).to.throw("PROTO_EVM_WORD");
    const [leaf] = fc.sample(leafArbitrary, { seed: 3, numRuns: 1 });
    if (leaf === undefined) throw new Error("no sample");
    expect(() => resultLeafBytes({ ...leaf, oracle: new Uint8Array(19) })).to.throw("PROTO_EVM_WORD");
    expect(() =>
      resultLeafBytes({ ...leaf, root: undefined, modelId: new Uint8Array(31) } as ResultLeaf),
    ).to.throw("PROTO_EVM_WORD");
  });
});

describe("proto/evmSignature", () => {
  const keys = fc.bigInt({ min: 1n, max: secp256k1.Point.Fn.ORDER - 1n }).map((key) => uintWord(key, 256));

  it("signs so that Ethereum's own recovery finds the key's address", async () => {
    await fc.assert(
      fc.asyncProperty(keys, bytes(32), async (key, digest) => {
        const signature = signRootDigest(key, digest);
        expect(signature.length).to.equal(64);
        const address = privateKeyToAddress(toHex(key)).toLowerCase();
        expect(toHex(recoverRootSigner(signature, digest) ?? new Uint8Array())).to.equal(address);
        expect(toHex(ethAddressOf(secp256k1.getPublicKey(key)))).to.equal(address);
        const v = (signature[32] ?? 0) >> 7;
        const plain = signature.slice();
        plain[32] = (plain[32] ?? 0) & 0x7f;
        const viem = await recoverAddress({
          hash: digest,
          signature: concatHex([toHex(plain), toHex(27 + v, { size: 1 })]),
        });
        expect(viem.toLowerCase()).to.equal(address);
      }),
      { ...RUNS, numRuns: 12 },
    );
  });

  it("knows no signer of a high-s, short or zero signature", () => {
    const key = new Uint8Array(32).fill(5);
    const digest = new Uint8Array(32).fill(6);
    expect(recoverRootSigner(new Uint8Array(64), digest)).to.equal(undefined);
    expect(recoverRootSigner(signRootDigest(key, digest).slice(0, 63), digest)).to.equal(undefined);
    const highS = signRootDigest(key, digest);
    highS.set(uintWord((1n << 255n) - 1n, 256), 32);
    expect(recoverRootSigner(highS, digest)).to.equal(undefined);
  });
});
