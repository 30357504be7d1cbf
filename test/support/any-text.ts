import fc from 'fast-check';

const SURROGATES = { first: 0xd800, count: 0x800 };
const LAST_CODE_POINT = 0x10ffff;

/**
 * Texts of all characters of Unicode. `fc.string({ unit: 'binary' })` makes the same, but builds a table of all characters first,
 * which takes two seconds.
 */
export const anyText = fc.string({
  unit: fc
    .integer({ min: 0, max: LAST_CODE_POINT - SURROGATES.count })
    .map((n) => String.fromCodePoint(n < SURROGATES.first ? n : n + SURROGATES.count)),
});
