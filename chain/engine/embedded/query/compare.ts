/** How one condition compares with one attribute value. Numbers are decimals of any length; no floating point. */
import { AivmError, isAivmError } from "../../../../common/errors.ts";
import { parseTime, timestampToNanos } from "../time.ts";
import type { QueryArgument, QueryCondition, QueryOperator } from "./parse.ts";

/** True when `value` satisfies `condition`. A value that is no number or time never satisfies a comparison with one. */
export function conditionHolds(condition: QueryCondition, value: string): boolean {
  const { operator, argument } = condition;
  if (operator === "EXISTS" || argument === undefined) return true;
  if (operator === "CONTAINS") return value.includes(argument.text);
  if (argument.kind === "string") return value === argument.text;
  const order =
    argument.kind === "number" ? compareNumbers(value, argument.text) : compareTimes(value, argument);
  return order !== undefined && orderSatisfies(operator, order);
}

/** Sign of value - number, by the first decimal in `value` ("100stake" counts as 100); undefined when it has none. */
function compareNumbers(value: string, text: string): number | undefined {
  const digits = /-?\d+(?:\.\d+)?/.exec(value)?.[0];
  if (digits === undefined) return undefined;
  const places = Math.max(fractionDigits(digits), fractionDigits(text));
  return sign(scaled(digits, places) - scaled(text, places));
}

function compareTimes(value: string, argument: QueryArgument): number | undefined {
  const left = timeNanos(value);
  const right = timeNanos(argument.text);
  if (right === undefined) {
    throw new AivmError("CHAIN_QUERY", {
      what: `failed to parse query: invalid ${argument.kind}`,
      want: "RFC 3339 or yyyy-mm-dd",
      got: argument.text,
      remedy: "write TIME 2026-01-02T03:04:05Z or DATE 2026-01-02",
    });
  }
  return left === undefined ? undefined : sign(left - right);
}

function timeNanos(text: string): bigint | undefined {
  try {
    return timestampToNanos(parseTime(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text));
  } catch (error) {
    if (isAivmError(error, "CHAIN_TIME")) return undefined;
    throw error;
  }
}

function orderSatisfies(operator: QueryOperator, order: number): boolean {
  if (operator === "=") return order === 0;
  if (operator === "<") return order < 0;
  if (operator === "<=") return order <= 0;
  return operator === ">" ? order > 0 : order >= 0;
}

function fractionDigits(text: string): number {
  const point = text.indexOf(".");
  return point === -1 ? 0 : text.length - point - 1;
}

function scaled(text: string, places: number): bigint {
  return BigInt(text.replace(".", "") + "0".repeat(places - fractionDigits(text)));
}

function sign(difference: bigint): number {
  return difference === 0n ? 0 : difference > 0n ? 1 : -1;
}
