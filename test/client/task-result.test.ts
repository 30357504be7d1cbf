import { describe, expect, it } from 'vitest';
import { failureOf } from '../../src/client/task/task-failure.ts';
import { chunkResult, failedResult, resultOf, type TaskResult } from '../../src/client/task/task-result.ts';
import { unsafeCast } from '../../src/client/unsafe-cast.ts';
import { chunkPart } from '../../src/client/values/chunk.ts';
import { decodeValue } from '../../src/client/values/values.ts';
import { KEY } from '../../src/wire/names.ts';

// What a worker stores for a task, and what it stores instead if the server refuses that.

const METADATA = new Map([['a', 'b']]);
const REFUSED = new Error('no room');

const valueOf = ({ value: { descriptor, bytes, type } }: TaskResult): unknown =>
  decodeValue(descriptor, Buffer.from(bytes), new Map([[KEY.type, type]]));

/** The lengths of the texts in a chunk; the message of a failure. */
const partsOf = (result: TaskResult | undefined): unknown[] =>
  result === undefined
    ? []
    : [...unsafeCast<Iterable<{ value?: string; failure?: { message: string } }>>(valueOf(result))].map(
        ({ value, failure }) => value?.length ?? failure?.message,
      );

describe('the result of a call', () => {
  it('is stored with its metadata, and as its size if the server refuses it', () => {
    const result = resultOf('x'.repeat(30), METADATA);
    expect([valueOf(result), result.metadata]).toEqual(['x'.repeat(30), METADATA]);
    const less = result.without(REFUSED);
    if (less === undefined) throw new Error('there is nothing smaller');
    expect([less.metadata.get(KEY.error), valueOf(less)]).toEqual([
      '1',
      { code: 'threw', message: expect.stringMatching(/30 bytes.*no room/), stack: expect.any(String) },
    ]);
    expect(less.without(REFUSED)).toBeUndefined();
    expect(() => resultOf(() => 1, METADATA)).toThrow('`result` cannot be sent');
  });
});

const refused = (bytes: number): unknown => expect.stringMatching(new RegExp(`${bytes} bytes.*no room`));

describe('the result of a chunk', () => {
  it('loses those of its values first that are more than half as large as the largest', () => {
    const lengths = [100, 50, 51, 2, 34];
    const parts = lengths.map((length) => chunkPart({ value: 'x'.repeat(length) }, 'result', 'threw'));
    const failure = chunkPart({ failure: failureOf(new RangeError('no'.repeat(200))) }, 'result', 'threw');
    const all = chunkResult([...parts, failure], METADATA);
    const own = `RangeError: ${'no'.repeat(200)}`;
    expect([partsOf(all), all.metadata]).toEqual([[...lengths, own], METADATA]);
    const second = all.without(REFUSED);
    expect(partsOf(second)).toEqual([refused(100), 50, refused(51), 2, 34, own]);
    const third = second?.without(REFUSED);
    expect(partsOf(third)).toEqual([refused(100), refused(50), refused(51), 2, refused(34), own]);
    const last = third?.without(REFUSED);
    expect(partsOf(last)).toEqual([refused(100), refused(50), refused(51), refused(2), refused(34), own]);
    expect(last?.without(REFUSED)).toBeUndefined();
  });
});

describe('the failure of a call', () => {
  it('is stored without what was thrown, and with the beginning of its message, if the server refuses it', () => {
    const message = `m${'x'.repeat(300)}`;
    const failed = failedResult({ code: 'threw', message, stack: message, thrown: 'large' });
    expect([valueOf(failed), failed.metadata.get(KEY.error)]).toEqual([
      { code: 'threw', message, stack: message, thrown: 'large' },
      '1',
    ]);
    const less = failed.without(REFUSED);
    if (less === undefined) throw new Error('there is nothing smaller');
    const short = unsafeCast<{ code: string; message: string; stack: string }>(valueOf(less));
    expect(short).toEqual({ code: 'threw', message: short.message, stack: short.message });
    expect(short.message).toContain(`m${'x'.repeat(199)}`);
    expect(short.message).not.toContain(`m${'x'.repeat(200)}`);
    expect(short.message).toContain('no room');
    expect(less.without(REFUSED)).toBeUndefined();
  });
});
