/** The chain's result codes in words: one table, keyed by codespace and code. */

interface CodeText {
  readonly name: string;
  readonly remedy: string;
}

/** Codes of the Cosmos SDK's root codespace (cosmos-sdk types/errors). */
export const ROOT_CODESPACE = "sdk";
export const CODE_WRONG_SEQUENCE = 32;
export const CODE_TX_IN_MEMPOOL = 19;

const ROOT_CODES: ReadonlyMap<number, CodeText> = new Map([
  [2, { name: "tx parse error", remedy: "Build the transaction with this version of the client." }],
  [3, { name: "invalid sequence", remedy: "Send again; the client reads the sequence anew." }],
  [
    4,
    { name: "unauthorized", remedy: "Check the chain id and that the signer is the message's first field." },
  ],
  [5, { name: "insufficient funds", remedy: "Fund the account or lower the amount, the bond or the fee." }],
  [
    6,
    {
      name: "unknown request",
      remedy: "Check the query path or the message type against this chain's version.",
    },
  ],
  [7, { name: "invalid address", remedy: "Pass a bech32 address with the prefix aivm." }],
  [
    9,
    {
      name: "unknown address",
      remedy: "Fund the account first: an account exists once it has received coins.",
    },
  ],
  [10, { name: "invalid coins", remedy: "Pass a positive amount of uaivm." }],
  [11, { name: "out of gas", remedy: 'Raise the gas limit or leave gas to "auto".' }],
  [13, { name: "insufficient fee", remedy: "Raise the gas price to the node's minimum." }],
  [18, { name: "invalid request", remedy: "Read the log: it names the field and what it must be." }],
  [19, { name: "tx already in mempool", remedy: "Wait for it: the same transaction is on its way." }],
  [20, { name: "mempool is full", remedy: "Send again after a few blocks." }],
  [21, { name: "tx too large", remedy: "Send less data in one transaction." }],
  [22, { name: "key not found", remedy: "Check the id." }],
  [30, { name: "tx timeout height", remedy: "Send again without a timeout height or with a later one." }],
  [32, { name: "incorrect account sequence", remedy: "Send again; the client reads the sequence anew." }],
  [38, { name: "not found", remedy: "Check the id." }],
]);

/** Code of the root codespace whose name ends `log`, as the Cosmos SDK writes its errors, or undefined. */
export function rootCodeOfText(log: string): number | undefined {
  for (const [code, { name }] of ROOT_CODES) if (log.endsWith(`: ${name}`)) return code;
  return undefined;
}

const DEFAULT_TEXT: CodeText = { name: "error", remedy: "Read the log: it says what was expected." };

/** Codes by which a codespace says that what was asked for does not exist. */
const NOT_FOUND: ReadonlyMap<string, readonly number[]> = new Map([
  [ROOT_CODESPACE, [22, 38]],
  ["model", [3, 13]],
  ["runner", [4]],
  ["inference", [3]],
  ["oracle", [6, 7]],
  ["tee", [6, 11]],
]);

/** True when the chain says that what was asked for does not exist. */
export function isNotFoundCode(answer: { readonly codespace: string; readonly chainCode: number }): boolean {
  return NOT_FOUND.get(answer.codespace)?.includes(answer.chainCode) === true;
}

/** Name and remedy of a result code. Codes of our own modules explain themselves in their log. */
export function explainChainCode(answer: {
  readonly codespace: string;
  readonly chainCode: number;
}): CodeText {
  return (answer.codespace === ROOT_CODESPACE && ROOT_CODES.get(answer.chainCode)) || DEFAULT_TEXT;
}
