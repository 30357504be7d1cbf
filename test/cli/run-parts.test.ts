import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonLine } from '../../src/cli/json-line.ts';
import { compact, laidOut } from '../../src/cli/json-text.ts';
import { valueOfLine } from '../../src/cli/line-value.ts';
import { linesOf, type Encoding } from '../../src/cli/lines.ts';
import { StatusLine } from '../../src/cli/status-line.ts';
import { allOf } from '../support/all-of.ts';

async function* each<T>(items: Iterable<T>): AsyncGenerator<T> {
  yield* items;
}

async function* endless(text: string): AsyncGenerator<Buffer> {
  yield Buffer.from(text);
  await new Promise(() => undefined);
}

/** Cuts the text at each of these positions. */
const cutting = (bytes: Buffer, sizes: readonly number[]): Buffer[] => {
  const pieces: Buffer[] = [];
  let at = 0;
  for (const size of sizes) pieces.push(bytes.subarray(at, (at += size)));
  return [...pieces, bytes.subarray(at)];
};

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');
const bigEndian = (text: string): Buffer => Buffer.from(text, 'utf16le').swap16();
const linesIn = (bytes: Buffer, encoding?: Encoding): Promise<string[]> =>
  allOf(linesOf(each([bytes]), encoding));

describe('the lines of a text', () => {
  it.each([
    ['', []],
    ['\n', ['']],
    ['a', ['a']],
    ['a\n', ['a']],
    ['a\r\n\r\nb\rc\n', ['a', '', 'b\rc']],
    ['\ufeff{}\n\ufeff', ['{}', '\ufeff']],
    ['a\0b\n', ['a\0b']],
  ])('in %j are %j', async (text, lines) => {
    expect(await linesIn(Buffer.from(text))).toEqual(lines);
  });

  it.each([
    ['UTF-16 by its mark', undefined, Buffer.from('\ufeffé\u0a0a\n\u{1f600}\r\n', 'utf16le')],
    ['UTF-16 with the higher byte first by its mark', undefined, bigEndian('\ufeffé\u0a0a\n\u{1f600}\n')],
    ['UTF-16 without a mark', 'utf-16le', Buffer.from('é\u0a0a\n\u{1f600}', 'utf16le')],
    ['UTF-16 with its mark', 'utf-16be', bigEndian('\ufeffé\u0a0a\n\u{1f600}')],
  ] as const)('are read from %s', async (_name, encoding, bytes) => {
    expect(await linesIn(bytes, encoding)).toEqual(['é\u0a0a', '\u{1f600}']);
  });

  it('are read from Latin-1, whatever bytes they contain', async () => {
    expect(await linesIn(latin1('\xef\xbb\xbfcaf\xe9\x80\n'), 'latin1')).toEqual(['\xef\xbb\xbfcafé\x80']);
  });

  it.each([
    ['Latin-1', undefined, latin1('good\ncaf\xe9\n'), 'line 2 is not UTF-8'],
    ['half a character at the end', undefined, latin1('good\n\n\xc3'), 'line 3 is not UTF-8'],
    ['UTF-16 by name', 'utf-8', latin1('\xff\xfea\0\n\0'), 'line 1 is not UTF-8'],
    ['half of UTF-16', undefined, latin1('\xff\xfea\0\n\0b'), 'line 2 is not UTF-16LE'],
    ['half of a pair', undefined, Buffer.from('\ufeffa\n\ud800\n', 'utf16le'), 'line 2 is not UTF-16LE'],
    ['UTF-32', undefined, latin1('\xff\xfe\0\0a\0\0\0'), 'UTF-32, which is not read'],
  ] as const)('are refused from %s, with the number of the line', async (_name, encoding, bytes, message) => {
    await expect(linesIn(bytes, encoding)).rejects.toThrow(message);
  });

  it('do not depend on how the input is cut into chunks', async () => {
    const text = fc.array(fc.constantFrom('a', 'é', '\u0a0a', '\n', '\r\n')).map((parts) => parts.join(''));
    const way = fc.constantFrom<(text: string) => Buffer>(
      (each) => Buffer.from(each),
      (each) => Buffer.from(`\ufeff${each}`, 'utf16le'),
      (each) => bigEndian(`\ufeff${each}`),
    );
    await fc.assert(
      fc.asyncProperty(text, way, fc.array(fc.nat({ max: 4 })), async (text, encoded, sizes) => {
        const whole = text.replaceAll('\r\n', '\n').split('\n');
        if (whole.at(-1) === '') whole.pop();
        expect(await allOf(linesOf(each(cutting(encoded(text), sizes))))).toEqual(whole);
      }),
    );
  });

  it('are delivered as soon as they arrive', async () => {
    expect(await linesOf(endless('2\n')).next()).toEqual({ done: false, value: '2' });
  });

  it('may be long, and cost time in proportion to their length', async () => {
    const pieces = Array.from({ length: 20_000 }, () => Buffer.alloc(1_000, 'x'));
    const [line, ...more] = await allOf(linesOf(each(pieces)));
    expect([line?.length, more]).toEqual([20_000_000, []]);
  });
});

describe('the value of a line', () => {
  it.each([
    '12345678901234567891',
    '1.10',
    '2026.0',
    '1e3',
    '-0',
    '007',
    '0x10',
    '1e400',
    '.5',
    '+1',
    'NaN',
    'a',
  ])('is its text for %s', (line) => expect(valueOfLine(line)).toBe(line));

  it.each([
    ['12', 12],
    [' -0.5 ', -0.5],
    ['1e+21', 1e21],
    ['9007199254740991', 9007199254740991],
    [
      '{"a":[1.10,"12345678901234567891",1e3,0.10000000000000001]}',
      { a: [1.1, '12345678901234567891', 1000, 0.1] },
    ],
    ['null', null],
    ['"1.10"', '1.10'],
  ])('%s is %o', (line, value) => expect(valueOfLine(line)).toEqual(value));

  it.each(['{"id":12345678901234567891}', '[1,[-9007199254740993]]', '[1e400]'])('%s is refused', (line) => {
    expect(() => valueOfLine(line)).toThrow('--text');
  });
});

describe('JSON with indentation', () => {
  it('equals the output of JSON.stringify', () => {
    fc.assert(
      fc.property(fc.json(), (json) => {
        const value: unknown = JSON.parse(json);
        const plain = JSON.stringify(value);
        expect(laidOut(plain)).toBe(JSON.stringify(value, undefined, 2));
        expect(compact(JSON.stringify(value, undefined, 2))).toBe(plain);
      }),
    );
  });

  it('keeps all digits of its numbers', () => {
    expect(laidOut('{"id":12345678901234567891,"v":1.10}')).toBe(
      '{\n  "id": 12345678901234567891,\n  "v": 1.10\n}',
    );
  });
});

describe('a line of JSON', () => {
  it.each([
    [undefined, 'null'],
    [{ a: [1, 'x\n', undefined] }, '{"a":[1,"x\\n",null]}'],
    [new Map([[1, new Set(['a'])]]), '[[1,["a"]]]'],
    [{ bytes: Buffer.from([1, 2]), more: new Float32Array([0.5]) }, '{"bytes":[1,2],"more":[0.5]}'],
    [{ n: 10n ** 20n, when: new Date(0) }, '{"n":"100000000000000000000","when":"1970-01-01T00:00:00.000Z"}'],
  ])('for %o is %s', (value, line) => {
    expect(jsonLine(value)).toBe(`${line}\n`);
  });

  it.each([
    [NaN, 'it is NaN'],
    [{ mean: [-Infinity] }, '"0" is -Infinity'],
    [{ at: new Date(NaN) }, '"at" is an invalid date'],
    [{ f: () => 1 }, '"f" is a function'],
    [new Map([['e', new RangeError('too far')]]), '"1" is an error: too far'],
    [new Float64Array([NaN]), '"0" is NaN'],
    [{ p: /x/ }, '"p" is a regular expression'],
    [new ArrayBuffer(1), 'it is an ArrayBuffer'],
    [Promise.resolve(), 'it is a promise'],
  ])('cannot represent %o', (value, message) => {
    expect(() => jsonLine(value)).toThrow(message);
  });

  it('cannot represent a cycle', () => {
    const cycle: unknown[] = [];
    cycle.push(cycle);
    expect(() => jsonLine(cycle)).toThrow('circular');
  });
});

/** A stand-in for standard error. */
class Screen {
  written = '';
  readonly isTTY: boolean;
  readonly columns = 20;

  constructor(isTTY: boolean) {
    this.isTTY = isTTY;
  }
  write(text: string): void {
    this.written += text;
  }
  on(): void {}
}

describe('the status line', () => {
  it('is redrawn in place, fits the width of the terminal, and makes room for messages', async () => {
    const screen = new Screen(true);
    const status = new StatusLine(screen);
    let drawn = 0;
    await new Promise<void>((resolve) =>
      status.show(() => {
        if (++drawn === 2) resolve();
        return { text: `${drawn} of many, many, many`, event: {}, isUrgent: false };
      }),
    );
    await new Promise(setImmediate);
    status.say('something', {});
    status.hide();
    const erase = '\r\u001b[2K';
    expect(screen.written).toBe(
      `${erase}1 of many, many, ma${erase}2 of many, many, ma${erase}sleigh: something\n`,
    );
  });

  it('is absent if standard error is not a terminal', async () => {
    const screen = new Screen(false);
    const status = new StatusLine(screen);
    status.show(() => ({ text: 'shown', event: {}, isUrgent: true }));
    status.say('something', {});
    status.hide();
    expect(screen.written).toBe('sleigh: something\n');
  });
});
