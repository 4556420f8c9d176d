/** What a transaction costs: an exact decimal price times a gas limit, rounded up. */
import { sdkError } from "../errors/errors.ts";

/** Price of one unit of gas: numerator / denominator uaivm. */
export interface GasPrice {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/** A price from its decimal text, such as "0.025". @throws SDK_ARGUMENT */
export function parseGasPrice(text: string): GasPrice {
  const match = /^([0-9]+)(?:\.([0-9]{1,18}))?$/.exec(text);
  if (match === null) {
    throw sdkError("SDK_ARGUMENT", {
      what: "gas price",
      want: "a decimal number of uaivm such as 0.025",
      got: text.slice(0, 40),
      remedy: "Pass the price as decimal text without a unit.",
    });
  }
  const fraction = match[2] ?? "";
  return { numerator: BigInt((match[1] ?? "") + fraction), denominator: 10n ** BigInt(fraction.length) };
}

/** Fee in uaivm of `gasLimit` units, rounded up. */
export function feeOf(gasLimit: bigint, price: GasPrice): bigint {
  return (gasLimit * price.numerator + price.denominator - 1n) / price.denominator;
}

/** Gas limit that leaves half as much again over what a simulation used. */
export function withMargin(gasUsed: bigint): bigint {
  return (gasUsed * 3n + 1n) / 2n;
}
