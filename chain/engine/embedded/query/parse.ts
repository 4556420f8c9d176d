/** The query language of tx_search, block_search and subscribe (CometBFT libs/pubsub/query/syntax): conditions joined by AND. */
import { AivmError } from "../../../../common/errors.ts";

/** Comparison operators with an argument, and EXISTS without. */
export type QueryOperator = "=" | "<" | "<=" | ">" | ">=" | "CONTAINS" | "EXISTS";

/** Argument of a condition. Numbers keep their text; times are RFC 3339, dates yyyy-mm-dd. */
export interface QueryArgument {
  readonly kind: "string" | "number" | "time" | "date";
  readonly text: string;
}

/** One condition: tag, operator, argument (absent for EXISTS). */
export interface QueryCondition {
  readonly tag: string;
  readonly operator: QueryOperator;
  readonly argument?: QueryArgument;
}

/** A parsed query: all conditions must hold. */
export interface EventQuery {
  readonly text: string;
  readonly conditions: readonly QueryCondition[];
}

type TokenKind = "tag" | "string" | "number" | "time" | "date" | "operator" | "and" | "end";

interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  readonly offset: number;
}

const PATTERNS: readonly (readonly [TokenKind, RegExp])[] = [
  ["time", /^TIME\s+(\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d))/],
  ["date", /^DATE\s+(\d{4}-\d\d-\d\d)/],
  ["and", /^AND(?![\w.-])/],
  ["operator", /^(?:CONTAINS|EXISTS)(?![\w.-])/],
  ["operator", /^(?:<=|>=|<|>|=)/],
  ["string", /^'([^']*)'/],
  ["number", /^-?\d+(?:\.\d+)?(?![\w.])/],
  ["tag", /^[\p{L}_][\p{L}\p{N}_.-]*/u],
];

const OPERATORS_WANTED =
  "<= operator, >= operator, < operator, > operator, = operator, CONTAINS operator or EXISTS operator";

/**
 * The query that `text` says.
 * @throws CHAIN_QUERY with the offset of the first thing that does not fit.
 */
export function parseQuery(text: string): EventQuery {
  const tokens = tokenize(text);
  const conditions: QueryCondition[] = [];
  let at = 0;
  const next = (): Token => tokens[at++] ?? { kind: "end", text: "", offset: text.length };
  for (;;) {
    conditions.push(parseCondition(next));
    const joint = next();
    if (joint.kind === "end") return { text, conditions };
    if (joint.kind !== "and") throw badQuery(joint, "AND operator or end of query");
  }
}

function parseCondition(next: () => Token): QueryCondition {
  const tag = next();
  if (tag.kind !== "tag") throw badQuery(tag, "tag");
  const operator = next();
  if (operator.kind !== "operator" || !isOperator(operator.text)) throw badQuery(operator, OPERATORS_WANTED);
  if (operator.text === "EXISTS") return { tag: tag.text, operator: "EXISTS" };
  const argument = next();
  const kinds: readonly TokenKind[] = argumentKinds(operator.text);
  if (!kinds.includes(argument.kind)) throw badQuery(argument, kinds.join(", "));
  if (argument.kind === "tag" || argument.kind === "operator") throw badQuery(argument, kinds.join(", "));
  if (argument.kind === "and" || argument.kind === "end") throw badQuery(argument, kinds.join(", "));
  return {
    tag: tag.text,
    operator: operator.text,
    argument: { kind: argument.kind, text: argument.text },
  };
}

function argumentKinds(operator: QueryOperator): readonly TokenKind[] {
  if (operator === "CONTAINS") return ["string"];
  return operator === "=" ? ["string", "number", "time", "date"] : ["number", "time", "date"];
}

function isOperator(text: string): text is QueryOperator {
  return ["=", "<", "<=", ">", ">=", "CONTAINS", "EXISTS"].includes(text);
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const rest = text.slice(at);
    const blank = /^\s+/.exec(rest);
    if (blank !== null) {
      at += blank[0].length;
      continue;
    }
    const token = readToken(rest, at);
    if (token === undefined)
      throw badQuery({ kind: "end", text: rest.slice(0, 10), offset: at }, "tag, operator or value");
    tokens.push(token.token);
    at += token.length;
  }
  return tokens;
}

function readToken(
  rest: string,
  offset: number,
): { readonly token: Token; readonly length: number } | undefined {
  for (const [kind, pattern] of PATTERNS) {
    const match = pattern.exec(rest);
    if (match !== null)
      return { token: { kind, text: match[1] ?? match[0], offset }, length: match[0].length };
  }
  return undefined;
}

function badQuery(token: Token, want: string): AivmError {
  const got = token.kind === "end" && token.text !== "" ? `invalid character at "${token.text}"` : token.kind;
  return new AivmError("CHAIN_QUERY", {
    what: `failed to parse query: offset ${token.offset}: got ${got}, wanted ${want}`,
    want,
    got,
    remedy: "write conditions as type.attribute='value', joined by AND",
  });
}
