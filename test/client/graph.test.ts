import { createReadStream } from 'node:fs';
import { inspect } from 'node:util';
import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { unsafeCast } from '../../src/client/unsafe-cast.ts';
import { chunkPart } from '../../src/client/values/chunk.ts';
import { ForeignValue } from '../../src/client/values/foreign-value.ts';
import { decodeGraph } from '../../src/client/values/graph-reader.ts';
import { encodeGraph } from '../../src/client/values/graph-writer.ts';
import { encodeBody } from '../../src/client/values/bodies.ts';
import { UnresolvedValue, type Lending } from '../../src/client/values/lending.ts';
import { makeError } from '../../src/client/values/object-kinds.ts';
import {
  decodeValue,
  encodeLeniently,
  encodeTogether,
  GRAPH_DESCRIPTOR,
  readable,
} from '../../src/client/values/values.ts';
import { answersIn, failureIn } from '../../src/client/task/outcome.ts';
import { chunkResult, failedResult, resultOf } from '../../src/client/task/task-result.ts';
import { failureOf } from '../../src/client/task/task-failure.ts';

// The exact bytes of values that JSON does not preserve (C2). Programs in other languages read and write them.

const bytesOf = (encoded: Buffer): string => encoded.subarray(encoded.indexOf('\n') + 1).toString('latin1');

/** The JSON of a graph with its length, and what follows it. */
const graphOf = (json: string, rest = ''): string => `${json.length}\n${json}${rest}`;
const f = (): void => undefined;
const decoded = ({ value: { descriptor, bytes, type } }: ReturnType<typeof resultOf>): unknown =>
  decodeValue(descriptor, Buffer.from(bytes), new Map([['type', type]]));

const carried = (error: unknown): Record<string, unknown> => {
  const { descriptor, bytes } = encodeLeniently(error);
  return Object(decodeValue(descriptor, Buffer.from(bytes), new Map()));
};

const found = (result: ReturnType<typeof resultOf>) => ({
  value: decoded(result),
  metadata: result.metadata,
  descriptor: result.value.descriptor,
  variableId: '',
  index: 0,
});

const own = new Uint8Array([7, 8, 9]);
const pair = [own.subarray(1), own.subarray(1), new DataView(own.buffer, 0, 1)];
const holes = Object.assign([1], { more: true });
holes[2] = 3;

describe('a graph', () => {
  it.each<[string, unknown, string]>([
    [
      'primitives',
      [undefined, Number.NaN, Infinity, -Infinity, -0, 10n, null, true, 'a'],
      '[[0],[["Array",[["undefined"],["NaN"],["Infinity"],["-Infinity"],["-0"],["bigint","10"],null,true,"a"]]],[]]',
    ],
    ['a primitive alone', undefined, '[["undefined"],[],[]]'],
    [
      'fields',
      Object.assign(JSON.parse('{"a":1,"__proto__":2}'), { u: undefined }),
      '[[0],[{"a":1,"__proto__":2,"u":["undefined"]}],[]]',
    ],
    ['a shared part', ((shared) => [shared, shared])([]), '[[0],[["Array",[[1],[1]]],["Array",[]]],[]]'],
    ['holes', holes, '[[0],[["SparseArray",3,{"0":1,"2":3,"more":true}]],[]]'],
    [
      'a map',
      new Map<unknown, unknown>([
        ['a', new Set([1])],
        [2, 'b'],
      ]),
      '[[0],[["Map",["a",[1],2,"b"]],["Set",[1]]],[]]',
    ],
    ['dates', [new Date(5), new Date(Number.NaN)], '[[0],[["Array",[[1],[2]]],["Date",5],["Date",null]],[]]'],
    ['a pattern', Object.assign(/a"b/gi, { lastIndex: 4 }), '[[0],[["RegExp","a\\"b","gi",4]],[]]'],
    [
      'addresses',
      [new URL('http://a/?b'), new URLSearchParams('b=1')],
      '[[0],[["Array",[[1],[2]]],["URL","http://a/?b"],["URLSearchParams","b=1"]],[]]',
    ],
    [
      'boxes',
      [Object(1), Object('b'), Object(2n)],
      '[[0],[["Array",[[1],[2],[3]]],["Boxed",1],["Boxed","b"],["Boxed",["bigint","2"]]],[]]',
    ],
    [
      'memory',
      pair,
      '[[0],[["Array",[[1],[2],[3]]],["View","Uint8Array",0],["View","Uint8Array",0],["View","DataView",1]],[2,1]]\x08\x09\x07',
    ],
    [
      'a buffer in an object',
      { b: Buffer.from('xy'), m: new Uint8Array([1]).buffer },
      '[[0],[{"b":[1],"m":[2]},["View","Buffer",0],["ArrayBuffer",1]],[2,1]]xy\x01',
    ],
    [
      'an object whose toJSON gives itself',
      new (class Account {
        balance = 1n;
        toJSON(): this {
          return this;
        }
      })(),
      '[[0],[{"balance":["bigint","1"]}],[]]',
    ],
    ['an object of another realm', runInNewContext('({ a: undefined })'), '[[0],[{"a":["undefined"]}],[]]'],
    [
      'what toJSON gives',
      [1n, { toJSON: (key: string) => ({ key }) }],
      '[[0],[["Array",[["bigint","1"],[1]]],{"key":"1"}],[]]',
    ],
  ])('of %s has these bytes, and is read again', (_what, value, bytes) => {
    const encoded = encodeGraph(value, 'value');
    expect(bytesOf(encoded)).toBe(bytes);
    expect(encoded.toString('latin1', 0, encoded.indexOf('\n'))).toBe(String(bytes.lastIndexOf(']') + 1));
    expect(encodeGraph(decodeGraph(encoded), 'value')).toEqual(encoded);
  });

  it('of an error has its class, its details, its hidden and its own properties', () => {
    class Refusal extends RangeError {
      override readonly name = 'Refusal';
    }
    const error = Object.assign(new Refusal('no', { cause: 'a cause' }), { code: 'E', done: () => 1 });
    error.stack = `Refusal: no\n    at /srv/tasks.mjs:1:1\n    at ${import.meta.resolve('../../src/x.ts')}:1:1`;
    const encoded = encodeGraph(error, 'value');
    expect(bytesOf(encoded)).toBe(
      '[[0],[["Error","RangeError",{"name":"Refusal","message":"no","stack":"Refusal: no\\n    at /srv/tasks.mjs:1:1"},' +
        '{"cause":"a cause"},{"code":"E","done":"[Function: done]"}]],[]]',
    );
    const read = decodeGraph(encoded);
    expect(read).toBeInstanceOf(RangeError);
    expect(read).toMatchObject({ name: 'Refusal', message: 'no', cause: 'a cause', code: 'E' });
    expect(Object.keys(Object(read))).toEqual(['code', 'done']);
    // Programs may change what they have got, as with any error.
    const hidden = { writable: true, configurable: true, enumerable: false };
    expect(Object.getOwnPropertyDescriptor(read, 'cause')).toEqual({ value: 'a cause', ...hidden });
  });

  it.each(['TypeError', 'AggregateError', 'of a class that is not known'])(
    'of an error: a %s is made without a stack',
    (type) => {
      expect(makeError(type, 'no', '').stack).toMatch(/^\w*Error: no$/);
    },
  );

  it('may be a value that JSON has, and as short as that', () => {
    expect(decodeGraph(Buffer.from('9\n[7,[],[]]'))).toBe(7);
  });

  it('of an error whose message and name are no texts keeps them', () => {
    const error = Object.assign(new Error('no'), { message: { status: 404 }, name: 7 });
    const read = decodeGraph(encodeGraph(error, 'value'));
    expect(read).toBeInstanceOf(Error);
    expect(Object(read).message).toEqual({ status: 404 });
    expect(Object(read).name).toBe(7);
  });

  it.each([
    [new AggregateError([new Error('a')], 'some'), { errors: [{ message: 'a' }], message: 'some' }],
    [new DOMException('no', 'DataError'), { name: 'DataError', message: 'no' }],
    [new TypeError('no'), { name: 'TypeError', message: 'no' }],
  ])('of %o is read as an error of its class', (error, expected) => {
    const read = decodeGraph(encodeGraph(error, 'value'));
    expect(read).toBeInstanceOf(error.constructor);
    expect(read).toMatchObject(expected);
    expect(Error.stackTraceLimit).toBeGreaterThan(0);
  });

  it('keeps views of the same memory together', () => {
    const [first, second] = Object(decodeGraph(encodeGraph([own, own], 'value')));
    expect(first).toBe(second);
    const [left, right] = Object(decodeGraph(encodeGraph(pair.slice(0, 2), 'value')));
    expect(left).not.toBe(right);
    left[0] = 99;
    // They share their memory, as before.
    expect([...right]).toEqual([99, 9]);
  });

  it.each<[string, string]>([
    ['', 'it is cut off'],
    ['no', 'it is cut off'],
    ['\n[[0],[],[]]', 'it is cut off'],
    ['12\n[[0],[],[]]', 'it is cut off'],
    [graphOf('[[0],[],[]]', 'x'), 'it has 1 bytes where it says 0'],
    [graphOf('[[0],[],[1]]'), 'it has 0 bytes where it says 1'],
    [graphOf('[[0],[],[]]'), 'its part 0 is missing'],
    [graphOf('[[0],[["View","Buffer",0]],[]]'), 'its bytes 0 are missing'],
    [graphOf('[[0],[["Matrix"]],[]]'), 'it has a part of an unknown kind, Matrix'],
    [graphOf('[["matrix"],[],[]]'), 'it has a value of an unknown kind, matrix'],
    [graphOf('[["bigint"],[],[]]'), 'Cannot convert undefined to a BigInt'],
    [graphOf('[[0],[["View","Matrix",0]],[1]]', 'x'), `it has a Matrix, which Node ${process.version} lacks`],
    [graphOf('[[0],[["View","Date",0]],[1]]', 'x'), `it has a Date, which Node ${process.version} lacks`],
  ])('that is invalid says why: %j', (text, why) => {
    const encoded = Buffer.from(text);
    expect(() => decodeGraph(encoded)).toThrow(why);
    const { why: said } = Object(decodeValue(GRAPH_DESCRIPTOR, encoded, new Map()));
    expect(said).toContain(why);
  });
});

describe('a part that cannot be sent is named', () => {
  class Door {
    #isOpen = true;
    get isOpen(): boolean {
      return this.#isOpen;
    }
  }
  const throwing = {
    get a(): never {
      throw new Error('not open');
    },
  };
  it.each<[string, () => unknown]>([
    ['`value.a[0].b` cannot be sent: it is a function, f.', () => ({ a: [{ b: f }] })],
    ['`value["a b"]`', () => ({ 'a b': f })],
    ['`value.$a1`', () => ({ $a1: f })],
    ['`value.get("k")`', () => new Map([['k', f]])],
    [
      '`value.get(2)`',
      () =>
        new Map<unknown, unknown>([
          [1, 'x'],
          [2, f],
        ]),
    ],
    [
      '`value.values()[1]`',
      () =>
        new Map<unknown, unknown>([
          [1, 2],
          [{}, f],
        ]),
    ],
    [
      '`value.keys()[1]`',
      () =>
        new Map<unknown, unknown>([
          [1, 2],
          [f, 3],
        ]),
    ],
    [
      '`value.get(5)`',
      () =>
        new Map<unknown, unknown>([
          [1, 2],
          [3, 4],
          [5, f],
        ]),
    ],
    [
      '`value.values()[2]`',
      () =>
        new Map<unknown, unknown>([
          [1, 2],
          [3, 4],
          [{}, f],
        ]),
    ],
    ['`value.values()[1]`', () => new Set<unknown>([1, f])],
    ['`value.x`', () => Object.assign([1], { x: f })],
    ['`value[4]`', () => Object.assign([1], { 4: f })],
    ['`value.s` cannot be sent: it is a symbol, Symbol(no).', () => ({ s: Object(Symbol('no')) })],
    ['`value.a` cannot be sent: reading it throws Error: not open.', () => throwing],
    ['`value.d`', () => ({ toJSON: () => ({ d: f }) })],
    ['`value` cannot be sent: it is shared memory', () => new SharedArrayBuffer(1)],
    ['`value[0]` cannot be sent: it is shared memory', () => [new Uint8Array(new SharedArrayBuffer(1))]],
    ['it is an instance of WeakMap, which has no fields', () => new WeakMap()],
    [
      'it is an instance of a class without a name, which',
      () => Object.create(Object.create({ constructor: undefined })),
    ],
    ['it is a generator', () => generator()],
    ['`value.file` cannot be sent: it is a stream', () => ({ file: createReadStream('/dev/null') })],
    ['it is a promise', () => [Promise.resolve()]],
    ['it is a Proxy of an instance of Door', () => new Proxy(new Door(), {})],
    ['it is a function. Functions', () => [() => 1]],
  ])('%s', (message, make) => {
    expect(() => encodeBody(make(), 'value')).toThrow(message);
  });

  it('by the name of the value', () => {
    expect(() => encodeBody({ f }, 'result')).toThrow('`result.f` cannot be sent');
    expect(() => encodeGraph({ f }, 'result')).toThrow('`result.f` cannot be sent');
  });

  it.each([[[1]], [[undefined]]])('if its text would be too long, as that of %o', (value) => {
    const why = new RangeError('Invalid string length');
    vi.spyOn(JSON, 'stringify').mockImplementationOnce(() => {
      throw why;
    });
    const message = '`value` cannot be sent: it is too large: RangeError: Invalid string length.';
    expect(() => encodeBody(value, 'value')).toThrow(expect.objectContaining({ message, cause: why }));
  });
});

afterEach(() => void vi.restoreAllMocks());

const placeOf = ({ byteOffset, byteLength }: ArrayBufferView): number[] => [byteOffset, byteLength];

describe('a value that refers to memory of its process (S36)', () => {
  const memory = new ArrayBuffer(32);
  const lending: Lending = {
    refer: (of) => (of === memory ? 'the memory' : undefined),
    lent: () => undefined,
  };
  const value = {
    own,
    memory,
    doubles: new Float64Array(memory, 8, 2),
    buffer: Buffer.from(memory, 1, 2),
    data: new DataView(memory, 4, 6),
  };

  it('has its reference, and where each view begins and how long it is, in bytes', () => {
    const encoded = encodeGraph(value, 'value', false, lending);
    expect(bytesOf(encoded)).toBe(
      '[[0],[{"own":[1],"memory":[2],"doubles":[3],"buffer":[4],"data":[5]},["View","Uint8Array",0],["Lent","the memory"],' +
        '["LentView","Float64Array","the memory",8,16],["LentView","Buffer","the memory",1,2],' +
        '["LentView","DataView","the memory",4,6]],[3]]\x07\x08\x09',
    );
    const read = decodeGraph(encoded);
    if (!(read instanceof UnresolvedValue)) throw new Error('it refers to no memory');
    expect(read.references).toEqual(['the memory']);
    const built = Object(read.build(new Map([['the memory', memory]])));
    expect(built).toStrictEqual(value);
    expect([built.doubles, built.buffer, built.data].map(placeOf)).toEqual([
      [8, 16],
      [1, 2],
      [4, 6],
    ]);
    for (const part of [built.doubles.buffer, built.buffer.buffer, built.data.buffer, built.memory])
      expect(part).toBe(memory);
  });

  it('may be that memory alone, and says what is missing if the memory is not there', () => {
    const read = decodeGraph(encodeGraph(memory, 'value', false, lending));
    if (!(read instanceof UnresolvedValue)) throw new Error('it refers to no memory');
    expect(read.build(new Map([['the memory', memory]]))).toBe(memory);
    expect(() => read.build(new Map())).toThrow(
      expect.objectContaining({
        code: 'unreadable',
        message: 'its 0 bytes cannot be decoded: Error: there is no memory the memory',
      }),
    );
  });
});

const chunkOf = (bytes: Uint8Array): unknown =>
  decodeValue(encodeTogether([]).descriptor, Buffer.from(bytes), new Map([['type', 'chunk']]));

describe('values in one result (C5)', () => {
  it('are as they were when they were encoded', () => {
    const changing = new Uint8Array([1, 2]);
    const parts = [changing, 'text'].map((each) => chunkPart({ value: each }, 'element', 'not-sent'));
    changing[0] = 9;
    const chunk = chunkOf(encodeTogether(parts).bytes);
    expect(chunk).toMatchObject({ length: 2, bytes: 6 });
    expect([...unsafeCast<Iterable<unknown>>(chunk)]).toEqual([
      { value: new Uint8Array([1, 2]) },
      { value: 'text' },
    ]);
  });

  it('that cannot be read fail alone, with the reason, and those of Python are kept as they are (C7)', () => {
    const chunk = chunkOf(Buffer.from('g2\nnop2\n\x01\x02j1\n7', 'latin1'));
    expect([...unsafeCast<Iterable<unknown>>(chunk)]).toEqual([
      {
        failure: expect.objectContaining({
          code: 'unreadable',
          message: 'its 2 bytes cannot be decoded: RangeError: it is cut off',
        }),
      },
      { value: new ForeignValue(0x01000000, Buffer.from([1, 2])) },
      { value: 7 },
    ]);
  });
});

function* generator(): Generator<number> {
  yield 1;
}

describe('what an error carries', () => {
  it('is cut where a text is very long, and where all of them together are', () => {
    const long = 'x'.repeat(65_536);
    expect(carried({ fits: long, long: `${long}yz` })).toEqual({
      fits: long,
      long: `${long}… (2 more characters)`,
    });
    const many = Object.fromEntries(Array.from({ length: 18 }, (_, n) => [`t${n}`, long]));
    const few = Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`t${n}`, 'short']));
    expect(carried(few)).toEqual(few);
    const { t15, t16, t17 } = carried(many);
    expect([t15 === long, t16, t17]).toEqual([
      true,
      '… (65536 more characters)',
      '… (65536 more characters)',
    ]);
  });

  it('is described where its memory is large, and where it cannot be read', () => {
    const error = {
      small: new Uint8Array(65_536),
      large: new Uint8Array(65_537),
      get bad(): never {
        throw new Error('not open');
      },
      done: () => 1,
      named: Object.assign(() => 1, { [inspect.custom]: () => 'what it says of itself' }),
      door: new (class Door {
        handle = 1;
        lock = () => 1;
      })(),
      desk: new (class Desk {
        drawers = [1, 2];
      })(),
    };
    const { small, large, bad, done, named, door, desk } = carried(error);
    expect([Object(small).length, large, done, named, door, desk]).toEqual([
      65_536,
      expect.stringContaining('Uint8Array'),
      '[Function: done]',
      expect.stringContaining('Function'),
      '[Door]',
      { drawers: [1, 2] },
    ]);
    expect(bad).toContain('Object');
  });

  it('has an instance of at most 10,000 parts, and describes a larger one', () => {
    class Desk {
      readonly drawers: readonly object[];
      constructor(parts: number) {
        // The instance itself and the array are parts as well.
        this.drawers = Array.from({ length: parts - 2 }, () => ({}));
      }
    }
    expect(carried({ desk: new Desk(10_000) })).toMatchObject({ desk: { drawers: expect.any(Array) } });
    expect(carried({ desk: new Desk(10_001) })).toEqual({ desk: '[Desk]' });
  });

  it('has at most 10,000 parts', () => {
    const { all } = carried({ all: Array.from({ length: 10_001 }, () => ({})) });
    const parts = Object(all);
    // The error itself and the array are parts as well.
    expect([parts[9_997], typeof parts[9_998]]).toEqual([{}, 'string']);
  });
});

describe('a result', () => {
  it('that the server refuses is replaced by a failure with its size', () => {
    const result = resultOf('four', new Map([['a', 'b']]));
    expect([decoded(result), [...result.metadata], failureIn(found(result))]).toEqual([
      'four',
      [['a', 'b']],
      undefined,
    ]);
    const without = result.without('no room');
    if (without === undefined) throw new Error('it has nothing smaller');
    expect(failureIn(found(without))).toMatchObject({
      code: 'threw',
      message: 'its result of 4 bytes was not taken: no room',
    });
    expect(without.without('no room')).toBeUndefined();
  });

  it('of a chunk loses its largest values first, and keeps its failures', () => {
    const parts = ['x'.repeat(100), 'x'.repeat(51), 'x'.repeat(50), ''].map((value) =>
      chunkPart({ value }, 'result', 'threw'),
    );
    const failure = failureOf(new Error('failed before'));
    const result = chunkResult([...parts, chunkPart({ failure }, 'result', 'threw')], new Map([['a', 'b']]));
    const once = result.without('no room');
    if (once === undefined) throw new Error('it has nothing smaller');
    expect(once.metadata).toEqual(new Map([['a', 'b']]));
    expect(answersIn(found(once))).toMatchObject([
      { failure: { message: 'its result of 100 bytes was not taken: no room' } },
      { failure: { message: 'its result of 51 bytes was not taken: no room' } },
      { value: 'x'.repeat(50) },
      { value: '' },
      { failure: { message: 'Error: failed before' } },
    ]);
    const twice = once.without('no room');
    expect(twice?.without('no room')).toBeUndefined();
  });

  it('that is an error too large to be sent keeps 200 characters of its message', () => {
    const failure = failureOf(new Error('x'.repeat(300)));
    const short = failedResult(failure).without('no room');
    if (short === undefined) throw new Error('it has nothing smaller');
    const message = `Error: ${'x'.repeat(193)} (what was thrown cannot be sent: no room)`;
    expect(failureIn(found(short))).toEqual({ code: 'threw', message, stack: message });
    expect(short.without('no room')).toBeUndefined();
  });

  it('that cannot be decoded is a failure with the reason', () => {
    const unread = new ForeignValue(GRAPH_DESCRIPTOR, Buffer.from('no'), 'its 2 bytes cannot be decoded');
    const failure = { code: 'unreadable', message: unread.why, stack: unread.why };
    expect(failureIn({ ...found(resultOf(1, new Map())), value: unread })).toEqual(failure);
    expect(() => readable(unread)).toThrow(
      expect.objectContaining({ code: 'unreadable', message: unread.why }),
    );
    const foreign = new ForeignValue(3, Buffer.from('no'));
    expect([readable(foreign), readable(1)]).toEqual([foreign, 1]);
  });
});
