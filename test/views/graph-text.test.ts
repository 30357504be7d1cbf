import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeGraph } from '../../src/client/values/graph-writer.ts';
import { graphText } from '../../src/views/graph-text.ts';
import { textOfForm } from '../../src/views/own-values.ts';

const shown = (value: unknown): string | undefined =>
  textOfForm('graph', Buffer.from(encodeGraph(value, 'value')));

describe('a value of this project\u2019s client as text', () => {
  it.each([
    [{ a: undefined, 'b c': Number.NaN, d: -0 }, "{ a: undefined, 'b c': NaN, d: -0 }"],
    [[1n, Number.POSITIVE_INFINITY, "it's", 'x "y"'], `[ 1n, Infinity, "it's", 'x "y"' ]`],
    [new Set(['a', new Date(0)]), "Set(2) { 'a', Date 1970-01-01T00:00:00.000Z }"],
    [new Date(Number.NaN), 'Invalid Date'],
    [new Map([[{ k: 1 }, []]]), 'Map(1) { { k: 1 } => [] }'],
    [/a+/gi, '/a+/gi'],
    [new URL('http://a.b/'), "URL 'http://a.b/'"],
    [new Float64Array(4), 'Float64Array (32 bytes)'],
    [Object.assign([1], { extra: 2 }), 'Array(1) { 0: 1, extra: 2 }'],
    [Object(7n), 'Object(7n)'],
  ])('%#', (value, text) => expect(shown(value)).toBe(text));

  it('names what contains itself, and shows an error with its fields', () => {
    const cycle: Record<string, unknown> = { name: 'x' };
    cycle['self'] = cycle;
    expect(shown(cycle)).toBe("{ name: 'x', self: [circular] }");
    const error = Object.assign(new TypeError('bad'), { code: 7 });
    error.stack = 'TypeError: bad\n    at f';
    expect(shown([error])).toBe('[\n  TypeError: bad\n      at f { code: 7 }\n]');
  });

  it('is short for parts that are shared many times', () => {
    let shared: unknown = ['x'.repeat(10)];
    for (let i = 0; i < 30; i++) shared = [shared, shared, Number.NaN];
    expect(shown(shared)?.length).toBeLessThan(2_000_000);
  });

  it('is never an exception, whatever the bytes are', () => {
    fc.assert(
      fc.property(fc.json(), (json) => {
        const text = graphText(json);
        expect(text === undefined || typeof text === 'string').toBe(true);
      }),
      { numRuns: 300 },
    );
    for (const part of [{ toString: {} }, { valueOf: 1, toString: 2 }]) {
      for (const graph of [[part], [[part], []], [[0], [['View', part, part]]], [[0], [[part, part]]]]) {
        expect(typeof graphText(JSON.stringify([graph[0], graph[1] ?? [], []]))).toBe('string');
      }
    }
    const slots = fc.oneof(fc.jsonValue(), fc.tuple(fc.nat(4)), fc.constant(['bigint']));
    const kinds = fc.constantFrom(
      'Array',
      'Map',
      'Set',
      'Error',
      'View',
      'SparseArray',
      'Date',
      'Boxed',
      'Unknown',
    );
    const nodes = fc.array(fc.oneof(fc.jsonValue(), fc.tuple(kinds, slots, slots, slots)), { maxLength: 5 });
    fc.assert(
      fc.property(slots, nodes, (root, all) => {
        const text = graphText(JSON.stringify([root, all, []]));
        expect(typeof text).toBe('string');
      }),
      { numRuns: 300 },
    );
  });
});
