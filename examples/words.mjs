// Counts the words of each line of a text and finds the longest:
//
//   npx sleigh run examples/words.mjs README.md

/** The workers call this function with a line; it may return anything that can be sent. */
export default function words(line) {
  const found = String(line).match(/\p{L}+/gu) ?? [];
  const longest = found.reduce((longest, word) => (word.length > longest.length ? word : longest), '');
  return { words: found.length, longest };
}
