import { describe, expect, it } from 'vitest';
import { plain } from '../../src/wire/json-fields.ts';
import { readJobOrder } from '../../src/wire/job-order.ts';
import { readFailure, readJobReport } from '../../src/wire/job-report.ts';
import { readSentinelReport } from '../../src/wire/sentinel-report.ts';

// What any client may have written: each field is read if it has its type, and is replaced otherwise.

type Json = Readonly<Record<string, unknown>>;

const CALL = { batch: 'b', place: 3, isLoading: true, since: 5 };
const WORKER = { rank: 7, processors: 0.5, memory: 9, call: CALL };
const BATCH = {
  id: 'i',
  module: 'm',
  function: 'f',
  total: 9,
  read: 8,
  done: 7,
  failed: 6,
  began: 5,
  ended: 4,
};
const ELEMENT = {
  batch: 'b',
  index: 1,
  code: 'threw',
  message: 'no',
  stack: 'at',
  element: '[1]',
  worker: 2,
  host: 'h',
  attempts: 3,
  at: 4,
};

/** Readers of one object each: a whole one, and what is read if a field is missing or of another type. */
const READERS: readonly [name: string, whole: Json, read: (json: Json) => unknown, otherwise: Json][] = [
  [
    'a worker in the report of a sentinel (S24.3)',
    WORKER,
    (worker) => readSentinelReport(JSON.stringify({ host: 'h', workers: [worker] }))?.workers[0],
    { rank: 0, processors: undefined, memory: undefined, call: undefined },
  ],
  [
    'a call in the report of a sentinel',
    CALL,
    (call) => readSentinelReport(JSON.stringify({ host: 'h', workers: [{ call }] }))?.workers[0]?.call,
    { batch: '', place: 0, isLoading: false, since: 0 },
  ],
  [
    'a batch in the report of a master (S24)',
    BATCH,
    (batch) => readJobReport(JSON.stringify({ done: 1, failed: 0, batches: [batch] }))?.batches[0],
    {
      id: '',
      module: '',
      function: '',
      total: undefined,
      read: 0,
      done: 0,
      failed: 0,
      began: 0,
      ended: undefined,
    },
  ],
  [
    'the numbers in the report of a master',
    { done: 3, failed: 2, batches: [] },
    (report) => readJobReport(JSON.stringify({ batches: [], ...report })),
    { done: 0, failed: 0 },
  ],
  [
    'the host in the report of a sentinel',
    { host: 'h', workers: [] },
    (report) => readSentinelReport(JSON.stringify({ workers: [], ...report })),
    { host: '' },
  ],
  [
    'a failed element (S24.6)',
    ELEMENT,
    (failure) => readFailure(JSON.stringify(failure)),
    {
      batch: '',
      index: 0,
      code: '',
      message: '',
      stack: '',
      element: undefined,
      worker: undefined,
      host: undefined,
      attempts: 0,
      at: 0,
    },
  ],
  [
    'what became of a failed element',
    { batch: 'b', index: 1, retry: 'begun', at: 4 },
    (failure) => readFailure(JSON.stringify({ retry: 'too-late', ...failure })),
    { batch: '', index: 0, retry: 'too-late', at: 0 },
  ],
  [
    'the order to stop a worker (S24.5)',
    { order: 'stop', rank: 3 },
    (order) => readJobOrder({ order: 'stop', ...order }),
    { rank: 0 },
  ],
  [
    'the order to cancel a batch',
    { order: 'cancel', batch: 'b' },
    (order) => readJobOrder({ order: 'cancel', ...order }),
    { batch: '' },
  ],
  [
    'the order to call elements again',
    { order: 'retry', batch: 'b', indexes: [1, 2] },
    (order) => readJobOrder({ order: 'retry', ...order }),
    { batch: '', indexes: [] },
  ],
];

describe.each(READERS)('%s', (_, whole, read, otherwise) => {
  it('is read', () => {
    expect(read(whole)).toEqual(whole);
  });

  it.each(Object.keys(otherwise))('is read without %s, or with one of another type', (field) => {
    const isMissing = Object.fromEntries(Object.entries(whole).filter(([name]) => name !== field));
    const expected = { ...whole, [field]: otherwise[field] };
    expect(read(isMissing)).toEqual(expected);
    // No field is an array, apart from the indexes of an order, which have these left out.
    for (const wrong of [null, true, ['x', -1], typeof whole[field] === 'string' ? 1 : 'x']) {
      const isFlag = field === 'isLoading' && wrong === true;
      const isRetry = field === 'retry' && wrong === null;
      if (!isFlag && !isRetry) expect(read({ ...whole, [field]: wrong })).toEqual(expected);
    }
  });
});

it.each([
  ['is not JSON', '{'],
  ['is no object', '3'],
  ['is null', 'null'],
  ['is an array', '[{}]'],
  ['has no list', '{"workers":{},"batches":3}'],
])('a report that %s is none', (_, json) => {
  expect([readSentinelReport(json), readJobReport(json)]).toEqual([undefined, undefined]);
});

it('a failure that is no object, and an order that is none or has another name, are none', () => {
  expect(['{', '3', '[]', 'null'].map(readFailure)).toEqual(Array(4).fill(undefined));
  expect([3, null, [], {}, { order: 'go' }].map(readJobOrder)).toEqual(Array(5).fill(undefined));
});

it('what is in a list and is no object is left out, and a count below 0 is none', () => {
  expect(
    readSentinelReport(JSON.stringify({ workers: [3, null, [], { rank: -1, memory: 0 }] }))?.workers,
  ).toEqual([{ rank: 0, processors: undefined, memory: 0, call: undefined }]);
  expect(readJobReport('{"batches":[3,{"id":"x","total":-1}]}')?.batches).toMatchObject([{ id: 'x' }]);
  expect(readJobOrder({ order: 'retry', batch: 'b', indexes: [0, -1, 'x', 2] })).toMatchObject({
    indexes: [0, 2],
  });
});

it('an object is made plain: fields that are undefined are left out', () => {
  const made = plain({ a: 1, b: undefined, c: { d: undefined, e: null } });
  expect(made).toStrictEqual({ a: 1, c: { e: null } });
});
