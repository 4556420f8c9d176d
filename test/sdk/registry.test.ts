import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { encodeMessage } from "../../proto/index.ts";
import { aivmTypes, createRegistry } from "../../sdk/messages/registry.ts";

const PROTO = join(import.meta.dirname, "../../proto/aivm");

/** Names of the messages in the .proto files that a transaction can carry. */
function declaredMessages(): string[] {
  return readdirSync(PROTO, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".proto"))
    .flatMap((name) => {
      const text = readFileSync(join(PROTO, name), "utf8");
      const pack = /^package (\S+);/m.exec(text)?.[1] ?? "";
      return [...text.matchAll(/^message (Msg\w+)/gm)].map((match) => `/${pack}.${match[1]}`);
    })
    .filter((name) => !name.endsWith("Response"));
}

describe("sdk/messages: registry", () => {
  it("knows every message that the .proto files declare, and nothing that is no message", () => {
    const declared = declaredMessages().sort();
    expect(declared.length).to.be.greaterThan(15);
    expect(
      aivmTypes()
        .map(([typeUrl]) => typeUrl)
        .sort(),
    ).to.deep.equal(declared);
  });

  it("encodes through CosmJS to the canonical bytes, 64-bit fields included, and back", () => {
    const registry = createRegistry();
    const value = {
      operator: "aivm1x",
      bondUaivm: 2n ** 64n - 1n,
      payee: new Uint8Array(20).fill(9),
      endpoint: "http://x",
    };
    const typeUrl = "/aivm.runner.v1.MsgRegisterRunner";
    const bytes = registry.encode({ typeUrl, value });
    expect(bytes).to.deep.equal(encodeMessage("aivm.runner.v1.MsgRegisterRunner", value));
    expect(registry.decode({ typeUrl, value: bytes })).to.deep.equal(value);
  });

  it("puts our messages beside bank transfers in one transaction body", () => {
    const registry = createRegistry();
    const body = registry.encode({
      typeUrl: "/cosmos.tx.v1beta1.TxBody",
      value: {
        memo: "m",
        messages: [
          {
            typeUrl: "/cosmos.bank.v1beta1.MsgSend",
            value: { fromAddress: "a", toAddress: "b", amount: [] },
          },
          { typeUrl: "/aivm.model.v1.MsgServeModel", value: { runner: "a", modelId: new Uint8Array(32) } },
        ],
      },
    });
    const decoded: unknown = registry.decode({ typeUrl: "/cosmos.tx.v1beta1.TxBody", value: body });
    expect(decoded).to.have.property("messages").with.length(2);
  });
});
