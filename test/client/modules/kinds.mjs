// New values of each kind for the table in docs/client.md; the names are those of its rows.

class Point {
  x = 1;
}
class Secret {
  #x = 1;
  get x() {
    return this.#x;
  }
}
class Amount {
  #cents = 5n;
  toJSON() {
    return { cents: Number(this.#cents) };
  }
}
function circular() {
  const value = { list: [] };
  value.list.push(value);
  return value;
}
function shared() {
  const part = { a: 1 };
  return { one: part, other: part };
}
function deep() {
  let value = [];
  for (let i = 0; i < 20_000; i++) value = [value];
  return value;
}
const error = () =>
  Object.assign(new RangeError('no', { cause: new Error('why') }), { code: 'E', send: () => 1 });

function open() {
  return undefined;
}

/**
 * What arrives is compared with `arrives`, or with the value itself if that is absent; `refused` is the reason why a
 * value cannot be sent.
 */
export const KINDS = {
  'null, booleans, numbers, strings, arrays, plain objects': {
    make: () => ({ a: [null, true, 0.5, 'é☃'], b: { c: '' } }),
  },
  undefined: { make: () => ({ a: undefined, b: [undefined] }) },
  'NaN, Infinity, -0': { make: () => [Number.NaN, Infinity, -Infinity, -0] },
  BigInt: { make: () => 10n ** 30n },
  'a string with a lone surrogate': { make: () => 'a\ud800' },
  'Date, an invalid one too': { make: () => [new Date(0), new Date(Number.NaN)] },
  RegExp: { make: () => Object.assign(/a+/giu, { lastIndex: 3 }) },
  'URL, URLSearchParams': { make: () => [new URL('https://shop.example/?a=1'), new URLSearchParams('a=1')] },
  'Map, Set': { make: () => new Map([[{ a: 1 }, new Set([1, 'a', null])]]) },
  Uint8Array: { make: () => new Uint8Array([0, 255]) },
  Buffer: { make: () => Buffer.from([0, 255]) },
  'other typed arrays, DataView': {
    make: () => [new Float64Array([0.5, -0]), new BigInt64Array([-1n]), new DataView(new ArrayBuffer(2))],
  },
  ArrayBuffer: { make: () => new Uint8Array([1, 2]).buffer },
  SharedArrayBuffer: {
    make: () => [new SharedArrayBuffer(1)],
    refused: '`[0]` cannot be sent: it is shared memory',
  },
  'Error and its kinds, AggregateError, DOMException': {
    make: () => new AggregateError([error(), new DOMException('x', 'AbortError')], 'both'),
    arrives: () => {
      const first = Object.assign(error(), { send: '[Function: send]' });
      return new AggregateError([first, new DOMException('x', 'AbortError')], 'both');
    },
  },
  'an instance of a class': { make: () => new Point(), arrives: () => ({ x: 1 }) },
  'an instance without fields of its own': {
    make: () => ({ a: new Secret() }),
    refused: '`.a` cannot be sent: it is an instance of Secret, which has no fields to send',
  },
  'an object with toJSON': { make: () => [new Amount()], arrives: () => [{ cents: 5 }] },
  'an object without a prototype': {
    make: () => Object.assign(Object.create(null), { a: 1 }),
    arrives: () => ({ a: 1 }),
  },
  'a property __proto__': { make: () => JSON.parse('{"__proto__":{"a":1},"b":2}') },
  getters: {
    make: () => ({
      get a() {
        return new Date(0);
      },
    }),
    arrives: () => ({ a: new Date(0) }),
  },
  'a getter that throws': {
    make: () => ({
      get a() {
        throw new Error('not now');
      },
    }),
    refused: '`.a` cannot be sent: reading it throws Error: not now',
  },
  'properties with a symbol as their name': {
    make: () => ({ [Symbol('s')]: 1, a: 1 }),
    arrives: () => ({ a: 1 }),
  },
  cycles: { make: circular },
  'shared parts': { make: shared },
  'deep nesting': { make: deep },
  'holes, further properties of an array': { make: () => Object.assign([1], { 2: 3, more: true }) },
  'Number, String, Boolean and BigInt objects': {
    make: () => [Object(1), Object('a'), Object(false), Object(1n)],
  },
  Proxy: { make: () => new Proxy({ a: [1] }, {}), arrives: () => ({ a: [1] }) },
  functions: {
    make: () => ({ 'on click': [open] }),
    refused: '`["on click"][0]` cannot be sent: it is a function, open',
  },
  symbols: {
    make: () => new Map([['k', Symbol('s')]]),
    refused: '`.get("k")` cannot be sent: it is a symbol, Symbol(s)',
  },
  promises: { make: () => [Promise.resolve(1)], refused: '`[0]` cannot be sent: it is a promise' },
  'WeakMap, generators, streams and the like': {
    make: () => [new WeakMap()],
    refused: '`[0]` cannot be sent: it is an instance of WeakMap, which has no fields to send',
  },
};

export const echo = (value) => value;
export const make = (name) => KINDS[name].make();
export const fixed = (name, { fixedArgs }) => fixedArgs[name];
