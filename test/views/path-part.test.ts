import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decodePart, encodePart } from '../../src/views/path-part.ts';

/** Names as in paths, one character for each byte, often ones that look like parts of a path. */
const name = fc.oneof(
  fc.string({ unit: fc.constantFrom('.', '~', '/', '%', '2', 'e', '\0', 'é', '?', '#', ' ', '\\') }),
  fc.constantFrom('.', '..', '~.', '~..', '~', '%2e', '%2E%2E'),
);

it('any name fits into one part of a path that browsers do not resolve, and is decoded unchanged', () => {
  fc.assert(
    fc.property(name, name, (workspace, variable) => {
      const { pathname } = new URL(`http://page/a/${encodePart(workspace)}/b/${encodePart(variable)}`);
      const [, a, first = '?', b, second = '?', ...more] = pathname.split('/');
      expect([a, decodePart(first), b, decodePart(second), more]).toEqual([
        'a',
        workspace,
        'b',
        variable,
        [],
      ]);
    }),
  );
});

it('most names are encoded as usual', () => {
  expect(['a b', 'a~', '...', '.x', '.', '..', '~x'].map(encodePart)).toEqual([
    'a%20b',
    'a~',
    '...',
    '.x',
    '~.',
    '~..',
    '~~x',
  ]);
});
