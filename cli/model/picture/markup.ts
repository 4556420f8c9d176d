/** Text from an artifact inside XML and HTML. An artifact is anyone's file: whatever it holds must stay text. */

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Characters that XML has no place for (most controls, lone surrogates, U+FFFE, U+FFFF) or that reorder the text around them. */
const UNFIT =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not get through
  /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** `text` with every character that could act on a terminal or a parser replaced. */
export function printable(text: string): string {
  return text.replace(UNFIT, "\ufffd");
}

/** `text` as content or as a quoted attribute value of XML or HTML. */
export function escaped(text: string): string {
  return printable(text).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
}

/** At most `length` characters, the last one an ellipsis when something was cut. */
export function shortened(text: string, length: number): string {
  const characters = [...text];
  return characters.length <= length ? text : `${characters.slice(0, length - 1).join("")}\u2026`;
}
