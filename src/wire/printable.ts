/**
 * The characters that have an effect on a terminal or a log viewer instead of being shown: control characters (C0,
 * DELETE, and C1, which a terminal also interprets in UTF-8), marks that change the direction of text, and separators
 * that break a line.
 */
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const UNPRINTABLE = /[\0-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/**
 * Escapes a text from outside, such as a name, a label or an error of a client, for printing within a line.
 * @returns the text with escapes such as `\u001b`, which are also valid in a string of JSON
 */
export const printable = (text: string): string => text.replace(UNPRINTABLE, escaped);

/** As `printable`, for text of several lines: line feeds and tabs are kept. */
export const printableLines = (text: string): string =>
  text.replace(UNPRINTABLE, (character) =>
    character === '\n' || character === '\t' ? character : escaped(character),
  );
