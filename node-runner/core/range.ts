/** HTTP byte ranges (RFC 9110 section 14): one range, which is all that a download in parts needs. */

/** First and last byte, both included. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/** The range that a header asks for of `size` bytes; "none" without a header or for a form that is not served
 * (several ranges, another unit), "unsatisfiable" when it begins past the end. */
export function parseRange(header: string | undefined, size: number): ByteRange | "none" | "unsatisfiable" {
  const match = /^bytes=([0-9]{0,15})-([0-9]{0,15})$/.exec(header ?? "");
  if (match === null) return "none";
  const [, from = "", to = ""] = match;
  if (from === "" && to === "") return "none";
  if (from === "") return suffix(Number(to), size);
  const first = Number(from);
  const last = to === "" ? size - 1 : Math.min(Number(to), size - 1);
  if (to !== "" && Number(to) < first) return "none";
  return first >= size ? "unsatisfiable" : { first, last };
}

function suffix(length: number, size: number): ByteRange | "unsatisfiable" {
  if (length === 0 || size === 0) return "unsatisfiable";
  return { first: Math.max(0, size - length), last: size - 1 };
}
