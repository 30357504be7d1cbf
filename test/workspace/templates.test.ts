import { describe, expect, test } from 'vitest';
import { fillTemplate } from '../../src/workspace/template.ts';

const WIDEST = 100;

/** The output of printf in the GNU C library. */
const PRINTF: [template: string, number: number, printed: string][] = [
  ['%d', 42, '42'],
  ['%i', 42, '42'],
  ['%u', 42, '42'],
  ['%x', 42, '2a'],
  ['%X', 42, '2A'],
  ['%o', 42, '52'],
  ['%s', 42, '42'],
  ['__ws__%d', 0, '__ws__0'],
  ['a%db', 7, 'a7b'],
  ['%d%%', 7, '7%'],
  ['%%%%%d%%', 7, '%%7%'],
  ['%04d', 42, '0042'],
  ['%3d', 42, ' 42'],
  ['%3d', 12345, '12345'],
  ['%5.3d', 42, '  042'],
  ['%.5d', 42, '00042'],
  ['%.1d', 42, '42'],
  ['%-6d|', 42, '42    |'],
  ['%+d', 42, '+42'],
  ['%+5d', 42, '  +42'],
  ['%+05d', 42, '+0042'],
  ['% d', 42, ' 42'],
  ['% 05d', 42, ' 0042'],
  ['%+ d', 42, '+42'],
  ['%-+6d|', 42, '+42   |'],
  ['%05.3d', 42, '  042'],
  ['%-05d|', 42, '42   |'],
  ['%#x', 42, '0x2a'],
  ['%#x', 0, '0'],
  ['%#X', 42, '0X2A'],
  ['%#8x', 42, '    0x2a'],
  ['%#08x', 42, '0x00002a'],
  ['%8.5x', 42, '   0002a'],
  ['%#.5x', 42, '0x0002a'],
  ['%#o', 42, '052'],
  ['%#o', 0, '0'],
  ['%#.5o', 42, '00052'],
  ['%+u', 42, '42'],
  ['%5s', 42, '   42'],
  ['%-5s|', 42, '42   |'],
  ['%.1s', 42, '4'],
  ['%6.1s', 42, '     4'],
];

describe('mktemp templates (W8)', () => {
  test.each(PRINTF)('%j with %d becomes %j, as printf prints it', (template, number, printed) => {
    expect(fillTemplate(template, number, WIDEST)).toBe(printed);
  });

  test.each([
    '',
    'plain',
    '%%',
    '%',
    'x%',
    '%d%d',
    '%d%s',
    '%d%',
    '%f',
    '%c',
    '%n',
    '%ld',
    '%5%',
    '%*d',
    '%1$d',
    '%d%!',
  ])('%j is refused because it has no placeholder, two, or one of another type', (template) => {
    expect(fillTemplate(template, 42, WIDEST)).toBeUndefined();
  });

  test.each(['%100d', '%.100d', '%100.100d', `${'x'.repeat(98)}%d`])(
    '%j with a number of two digits is exactly as wide as a name may be (P12)',
    (template) => {
      expect(fillTemplate(template, 42, WIDEST)).toHaveLength(WIDEST);
    },
  );

  test.each(['%101d', '%.101d', '%.101s', '%999999999999d', `${'x'.repeat(100)}%d`])(
    '%j is refused because it is too wide (P12)',
    (template) => {
      expect(fillTemplate(template, 42, WIDEST)).toBeUndefined();
    },
  );
});
