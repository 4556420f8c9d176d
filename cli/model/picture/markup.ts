/** Text from an artifact inside XML and HTML. An artifact is anyone's file: whatever it holds must stay text. */
import { isPlainText } from "../../../aivm/program/text.ts";

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** `text` with every character replaced that could act on a terminal, a parser or the order of the text around it. */
export function printable(text: string): string {
  return [...text].map((character) => (isPlainText(character) ? character : "\ufffd")).join("");
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
