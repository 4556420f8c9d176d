import { join } from "node:path";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { expect } from "chai";
import { PubKey } from "cosmjs-types/cosmos/crypto/secp256k1/keys";
import { AuthInfo } from "cosmjs-types/cosmos/tx/v1beta1/tx";
import fc from "fast-check";
import { createNodeVerifier } from "../../../chain/io/nodeVerifier.ts";
import { directSignBytes, nobleVerifier, type SignatureVerifier } from "../../../chain/tx/signatures.ts";
import { bytesToHex, concatBytes, hexToBytes, sha256, utf8 } from "../../../common/index.ts";
import { readJson } from "../../support/cosmosVectors.ts";
import { requireTestData } from "../../support/testData.ts";

interface DirectVector {
  readonly inputs: {
    readonly bodyBytes: string;
    readonly authInfoBytes: string;
    readonly accountNumber: number;
  };
  readonly outputs: { readonly signBytes: string; readonly signature: string };
  readonly chainId: string;
}

const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

const VERIFIERS: readonly (readonly [string, SignatureVerifier])[] = [
  ["noble", nobleVerifier],
  ["node:crypto", createNodeVerifier()],
];

function signed(
  seed: number,
  message: Uint8Array,
): { publicKey: Uint8Array; message: Uint8Array; signature: Uint8Array } {
  const secret = sha256(utf8(`key ${seed}`));
  const signature = secp256k1.sign(sha256(message), secret, { prehash: false, lowS: true });
  return { publicKey: secp256k1.getPublicKey(secret, true), message, signature };
}

function scalar(value: bigint): Uint8Array {
  return hexToBytes(value.toString(16).padStart(64, "0"));
}

describe("chain/tx (signatures)", () => {
  it("sign bytes and signatures of SIGN_MODE_DIRECT are those of CosmJS' vectors", function () {
    const folder = requireTestData(this, "conformance", "cosmos", "cosmjs");
    const vectors = readJson(join(folder, "sign-mode-direct.json")) as readonly DirectVector[];
    expect(vectors.length).to.be.greaterThan(1);
    for (const { inputs, outputs, chainId } of vectors) {
      const bodyBytes = hexToBytes(inputs.bodyBytes);
      const authInfoBytes = hexToBytes(inputs.authInfoBytes);
      const message = directSignBytes({
        bodyBytes,
        authInfoBytes,
        chainId,
        accountNumber: BigInt(inputs.accountNumber),
      });
      expect(bytesToHex(message)).to.equal(outputs.signBytes);
      const key = AuthInfo.decode(authInfoBytes).signerInfos[0]?.publicKey?.value ?? new Uint8Array();
      const claim = { publicKey: PubKey.decode(key).key, message, signature: hexToBytes(outputs.signature) };
      for (const [name, verify] of VERIFIERS) expect(verify(claim), name).to.equal(true);
    }
  });

  for (const [name, verify] of VERIFIERS) {
    it(`${name}: accepts what a key signed`, () => {
      fc.assert(
        fc.property(fc.nat(50), fc.uint8Array({ maxLength: 300 }), (seed, message) =>
          verify(signed(seed, message)),
        ),
        { seed: 31, numRuns: 60 },
      );
    });

    it(`${name}: refuses a high s, although the curve equation holds`, () => {
      const claim = signed(1, utf8("message"));
      const s = BigInt(`0x${bytesToHex(claim.signature.slice(32))}`);
      const high = concatBytes(claim.signature.slice(0, 32), scalar(ORDER - s));
      expect(verify({ ...claim, signature: high })).to.equal(false);
    });

    it(`${name}: refuses zero, the order, short and long parts, and keys that are no point`, () => {
      const claim = signed(2, utf8("message"));
      const r = claim.signature.slice(0, 32);
      const s = claim.signature.slice(32);
      const wrong: Uint8Array[] = [
        concatBytes(scalar(0n), s),
        concatBytes(r, scalar(0n)),
        concatBytes(scalar(ORDER), s),
        concatBytes(r, scalar(ORDER)),
        concatBytes(r, s, new Uint8Array(1)),
        r,
        new Uint8Array(),
      ];
      for (const signature of wrong)
        expect(verify({ ...claim, signature }), bytesToHex(signature)).to.equal(false);
      const keys = [
        new Uint8Array(33),
        new Uint8Array(33).fill(255),
        concatBytes(new Uint8Array([2]), scalar(ORDER)),
        claim.publicKey.slice(1),
      ];
      for (const publicKey of keys)
        expect(verify({ ...claim, publicKey }), bytesToHex(publicKey)).to.equal(false);
      expect(verify(claim)).to.equal(true);
    });
  }

  it("both verifiers agree on every single flipped bit", () => {
    const claim = signed(3, utf8("agree"));
    for (let bit = 0; bit < 512; bit += 7) {
      const signature = claim.signature.slice();
      signature[bit >> 3] = (signature[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const answers = VERIFIERS.map(([, verify]) => verify({ ...claim, signature }));
      expect(answers, `bit ${bit}`).to.deep.equal([false, false]);
    }
    expect(
      directSignBytes({ bodyBytes: utf8("b"), authInfoBytes: utf8("a"), chainId: "c", accountNumber: 1n }),
    ).to.deep.equal(Uint8Array.from([10, 1, 98, 18, 1, 97, 26, 1, 99, 32, 1]));
  });
});
