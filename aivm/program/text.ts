/** Which text may stand in metadata: what is shown to people must not steer their terminal or hide its order. */

/** Controls, lone surrogates, zero-width and direction marks, noncharacters: fixed here, not by a Unicode version. */
const HIDDEN: readonly (readonly [first: number, last: number])[] = [
  [0x00, 0x1f],
  [0x7f, 0x9f],
  [0xad, 0xad],
  [0x061c, 0x061c],
  [0x180e, 0x180e],
  [0x200b, 0x200f],
  [0x2028, 0x202e],
  [0x2060, 0x206f],
  [0xd800, 0xdfff],
  [0xfdd0, 0xfdef],
  [0xfeff, 0xfeff],
  [0xfff0, 0xfffb],
  [0xfffe, 0xffff],
  [0xe0000, 0xe0fff],
];

/** True for well-formed text without control or formatting characters. "" is plain. */
export function isPlainText(text: string): boolean {
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (HIDDEN.some(([first, last]) => code >= first && code <= last)) return false;
  }
  return true;
}
