/** From messages to the signed bytes of a transaction (cosmos.tx.v1beta1, SIGN_MODE_DIRECT). */
import { encodeSecp256k1Pubkey } from "@cosmjs/amino";
import { type EncodeObject, encodePubkey, makeAuthInfoBytes, makeSignDoc } from "@cosmjs/proto-signing";
import { SignMode } from "cosmjs-types/cosmos/tx/signing/v1beta1/signing";
import { SimulateRequest, SimulateResponse } from "cosmjs-types/cosmos/tx/v1beta1/service";
import { AuthInfo, Fee, Tx, TxBody, TxRaw } from "cosmjs-types/cosmos/tx/v1beta1/tx";
import { BASE_DENOM, bytesToHex, sha256 } from "../../common/index.ts";
import { type Client, chainIdOf } from "../client.ts";
import { rootCodeOfText } from "../errors/chainCodes.ts";
import { type ChainAnswer, ChainAnswerError, sdkError } from "../errors/errors.ts";
import { createRegistry } from "../messages/registry.ts";
import { queryRaw } from "../query.ts";
import type { AccountState } from "./sequencer.ts";
import type { Signer } from "./signer.ts";

const registry = createRegistry();

/** A transaction ready for broadcast. */
export interface SignedTx {
  readonly bytes: Uint8Array;
  /** SHA-256 of the bytes, upper-case hex, as explorers show it. */
  readonly hash: string;
  readonly sequence: bigint;
}

/** Messages and memo, as the body that is signed. @throws AIVM_ENCODE */
export function bodyOf(messages: readonly EncodeObject[], memo: string): Uint8Array {
  return registry.encode({ typeUrl: "/cosmos.tx.v1beta1.TxBody", value: { messages, memo } });
}

/** Signs `body` for the account state given. @throws SDK_KEY when the wallet refuses */
export async function signTx(
  client: Client,
  tx: {
    readonly signer: Signer;
    readonly body: Uint8Array;
    readonly account: AccountState;
    readonly gasLimit: bigint;
    readonly feeUaivm: bigint;
  },
): Promise<SignedTx> {
  const { signer, account } = tx;
  const authInfo = makeAuthInfoBytes(
    [{ pubkey: encodePubkey(encodeSecp256k1Pubkey(signer.publicKey)), sequence: account.sequence }],
    tx.feeUaivm === 0n ? [] : [{ denom: BASE_DENOM, amount: tx.feeUaivm.toString() }],
    Number(tx.gasLimit),
    undefined,
    undefined,
  );
  const signDoc = makeSignDoc(tx.body, authInfo, await chainIdOf(client), Number(account.accountNumber));
  const { signed, signature } = await signer.sign(signDoc).catch((cause: unknown) => {
    throw sdkError(
      "SDK_KEY",
      {
        what: "signature",
        item: signer.address,
        want: "the wallet to sign",
        got: "a refusal",
        remedy: "Approve the transaction in the wallet.",
      },
      cause,
    );
  });
  const bytes = TxRaw.encode({
    bodyBytes: signed.bodyBytes,
    authInfoBytes: signed.authInfoBytes,
    signatures: [Uint8Array.from(atob(signature.signature), (character) => character.charCodeAt(0))],
  }).finish();
  return { bytes, hash: bytesToHex(sha256(bytes)).toUpperCase(), sequence: account.sequence };
}

/** Gas that `body` uses on the node's present state. @throws SDK_TX_REJECTED when it would fail */
export async function simulate(
  client: Client,
  tx: { readonly signer: Signer; readonly body: Uint8Array; readonly sequence: bigint },
): Promise<bigint> {
  const unsigned = Tx.fromPartial({
    body: TxBody.decode(tx.body),
    authInfo: AuthInfo.fromPartial({
      // A fee of one coin, so that the cost of taking it is simulated as well.
      fee: Fee.fromPartial({
        amount: client.gasPrice.numerator === 0n ? [] : [{ denom: BASE_DENOM, amount: "1" }],
      }),
      signerInfos: [
        {
          publicKey: encodePubkey(encodeSecp256k1Pubkey(tx.signer.publicKey)),
          sequence: tx.sequence,
          modeInfo: { single: { mode: SignMode.SIGN_MODE_UNSPECIFIED } },
        },
      ],
    }),
    signatures: [new Uint8Array()],
  });
  const request = SimulateRequest.fromPartial({ txBytes: Tx.encode(unsigned).finish() });
  const answer = await simulateQuery(client, SimulateRequest.encode(request).finish());
  return SimulateResponse.decode(answer).gasInfo?.gasUsed ?? 0n;
}

async function simulateQuery(client: Client, request: Uint8Array): Promise<Uint8Array> {
  try {
    return await queryRaw(client, "/cosmos.tx.v1beta1.Service/Simulate", request);
  } catch (error) {
    if (!(error instanceof ChainAnswerError)) throw error;
    throw new ChainAnswerError("SDK_TX_REJECTED", "transaction, simulated", simulatedAnswer(error.answer));
  }
}

/** A simulation that fails is answered with one code for all; the real one is told by its text. */
function simulatedAnswer(answer: ChainAnswer): ChainAnswer {
  const log = answer.log.replace(/ with gas used: '[0-9]+': unknown request$/, "");
  const chainCode = log === answer.log ? undefined : rootCodeOfText(log);
  return { ...answer, log, chainCode: chainCode ?? answer.chainCode };
}
