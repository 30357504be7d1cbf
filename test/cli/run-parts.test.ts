import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAddress } from '../../src/cli/address.ts';
import { jsonLine } from '../../src/cli/json-line.ts';
import { linesOf } from '../../src/cli/lines.ts';
import { StatusLine } from '../../src/cli/status-line.ts';
import { allOf } from '../support/all-of.ts';

async function* each<T>(items: Iterable<T>): AsyncGenerator<T> {
  yield* items;
}

/** Cut at each of these places. */
const cutting = (text: string, sizes: readonly number[]): string[] => {
  const pieces: string[] = [];
  let at = 0;
  for (const size of sizes) pieces.push(text.slice(at, (at += size)));
  return [...pieces, text.slice(at)];
};

describe('the lines of a text', () => {
  it.each([
    ['', []],
    ['\n', ['']],
    ['a', ['a']],
    ['a\n', ['a']],
    ['a\r\n\r\nb\rc\n', ['a', '', 'b\rc']],
    ['\ufeff{}\n\ufeff', ['{}', '\ufeff']],
  ])('%j are %j', async (text, lines) => {
    expect(await allOf(linesOf(each([text])))).toEqual(lines);
  });

  it('are the same in whatever pieces it comes', async () => {
    const text = fc.array(fc.constantFrom('a', 'bc', '\n', '\r\n')).map((parts) => parts.join(''));
    await fc.assert(
      fc.asyncProperty(text, fc.array(fc.nat({ max: 4 })), async (text, sizes) => {
        const whole = text.replaceAll('\r\n', '\n').split('\n');
        if (whole.at(-1) === '') whole.pop();
        expect(await allOf(linesOf(each(cutting(text, sizes))))).toEqual(whole);
      }),
    );
  });

  it('may be long, and cost no more than their length', async () => {
    const pieces = Array.from({ length: 20_000 }, () => 'x'.repeat(1_000));
    const [line, ...more] = await allOf(linesOf(each(pieces)));
    expect([line?.length, more]).toEqual([20_000_000, []]);
  });
});

describe('a line of JSON', () => {
  it.each([
    [undefined, 'null'],
    [{ a: [1, 'x\n', undefined] }, '{"a":[1,"x\\n",null]}'],
    [new Map([[1, new Set(['a'])]]), '[[1,["a"]]]'],
    [{ bytes: Buffer.from([1, 2]), more: new Float32Array([0.5]) }, '{"bytes":[1,2],"more":[0.5]}'],
    [{ n: 10n ** 20n, when: new Date(0) }, '{"n":"100000000000000000000","when":"1970-01-01T00:00:00.000Z"}'],
  ])('of %o is %s', (value, line) => {
    expect(jsonLine(value)).toBe(`${line}\n`);
  });
});

describe('an address', () => {
  it.each([
    ['localhost:8765', { host: 'localhost', port: 8765 }],
    ['[::1]:80', { host: '::1', port: 80 }],
    ['localhost', undefined],
    [':80', undefined],
    ['a:0', undefined],
    ['a:65536', undefined],
    ['::1:80', undefined],
    ['a:80x', undefined],
  ])('%s is %o', (text, address) => {
    expect(parseAddress(text)).toEqual(address);
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
  it('is drawn over itself, no wider than the terminal, and makes room for messages', async () => {
    const screen = new Screen(true);
    const status = new StatusLine(screen);
    let drawn = 0;
    await new Promise<void>((resolve) =>
      status.show(() => {
        if (++drawn === 2) resolve();
        return `${drawn} of many, many, many`;
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

  it('is not there when standard error is no terminal', async () => {
    const screen = new Screen(false);
    const status = new StatusLine(screen);
    status.show(() => 'shown');
    status.say('something', {});
    status.hide();
    expect(screen.written).toBe('sleigh: something\n');
  });
});
