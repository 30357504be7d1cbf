import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteQueue } from '../../src/wire/byte-queue.ts';
import { MALFORMED } from '../../src/wire/dictionary.ts';
import { DEFAULT_LIMITS, type Limits } from '../../src/wire/limits.ts';
import { LIMIT } from '../../src/wire/limit-refusals.ts';
import { refuse, type Refusal } from '../../src/wire/refusals.ts';
import { isFile, type FilePayload } from '../../src/wire/payload.ts';
import { encodeRequest, RequestDecoder, type Request, type RequestBudget } from '../../src/wire/request.ts';
import { bytes, chunking, metadata } from '../support/arbitraries.ts';
import { MemoryFiles } from '../support/memory-files.ts';

const LIMITS: Limits = { ...DEFAULT_LIMITS, longValueBytes: 6_000, valueBytes: 12_000, nameBytes: 100 };

const NO_ROOM = refuse(LIMIT.incoming(1, 1), { limit: 'incomingBytes' });

/** Accounting without a limit of its own. */
class TightRoom implements RequestBudget {
  most = Number.POSITIVE_INFINITY;
  taken = 0;
  /** What was asked for, and what the request held by then. */
  readonly asked: [bytes: number, held: number][] = [];

  take(bytes: number, held: number): Refusal | undefined {
    this.asked.push([bytes, held]);
    if (this.taken + bytes > this.most) return NO_ROOM;
    this.taken += bytes;
    return undefined;
  }
  give(bytes: number): void {
    this.taken -= bytes;
  }
}

/** A decoder and its output. */
class Reading {
  readonly files = new MemoryFiles();
  readonly requests: Request[] = [];
  malformed = false;
  readonly room = new TightRoom();
  readonly decoder: RequestDecoder;
  readonly #input = new ByteQueue();
  #opened = 0;
  #finished = false;

  constructor({ metadata = false, limits = LIMITS }: { metadata?: boolean; limits?: Limits } = {}) {
    this.decoder = new RequestDecoder(this.#input, {
      metadata,
      limits,
      files: {
        open: (size) => this.#open({ file: ++this.#opened, size }),
        write: (file, bytes) => this.files.write(file, bytes),
        finish: () => (this.#finished = true),
        discard: (file) => this.files.discard(file),
      },
      room: this.room,
    });
  }

  #open(file: FilePayload): FilePayload {
    this.files.open(file);
    return file;
  }

  push(chunk: Buffer | string, fileError?: string): this {
    this.#input.push(typeof chunk === 'string' ? Buffer.from(chunk, 'latin1') : chunk);
    this.#read();
    while (this.#finished) {
      this.#finished = false;
      this.decoder.fileDone(fileError);
      this.#read();
    }
    return this;
  }

  #read(): void {
    for (;;) {
      const request = this.decoder.next();
      if (request === MALFORMED) this.malformed = true;
      if (request === undefined || request === MALFORMED) return;
      this.requests.push(request);
    }
  }

  /** A decoded request: all arguments, a long value in its place, and the metadata. */
  get asked() {
    return this.requests.map(({ verb, args, payload, metadata }) => {
      const last = payload === undefined ? args.at(-1) : this.#contentOf(payload);
      return { args: [verb, ...args.slice(0, -1), ...(last === undefined ? [] : [last])], metadata };
    });
  }

  #contentOf(payload: NonNullable<Request['payload']>): string {
    if (typeof payload === 'string') return payload;
    return isFile(payload) ? this.files.read(payload) : Buffer.from(payload).toString('latin1');
  }
}

const plainRequest = fc.array(bytes(60), { minLength: 1, maxLength: 6 });
/** Values that stay strings, become buffers, and are written to files. */
const longStore = fc
  .tuple(bytes(20), bytes(20), fc.constantFrom(0, 4_096, 4_097, 5_999, 6_000, 11_999), fc.nat({ max: 255 }))
  .map(([workspace, variable, size, seed]) => {
    const value = String.fromCharCode(seed).repeat(size);
    return ['store', workspace, variable, '1', value];
  });
const request = fc.record({ args: fc.oneof({ weight: 4, arbitrary: plainRequest }, longStore), metadata });

describe('requests (P5)', () => {
  test('with metadata are decoded as they were encoded, however they are cut into chunks (P3, P5, P11)', () => {
    fc.assert(
      fc.property(fc.array(request, { maxLength: 5 }), chunking, (requests, cut) => {
        const reading = new Reading({ metadata: true });
        const sent = requests.map(({ args, metadata }) => encodeRequest(args, metadata)).join('');
        for (const chunk of cut(sent)) reading.push(chunk);
        expect(reading.asked).toEqual(requests);
        expect(reading.malformed).toBe(false);
      }),
      { numRuns: 150 },
    );
  });

  test('without metadata are, too (P2.4, P5)', () => {
    fc.assert(
      fc.property(fc.array(plainRequest, { maxLength: 5 }), chunking, (requests, cut) => {
        const reading = new Reading();
        for (const chunk of cut(requests.map((args) => encodeRequest(args, undefined)).join('')))
          reading.push(chunk);
        expect(reading.asked.map(({ args }) => args)).toEqual(requests);
      }),
      { numRuns: 150 },
    );
  });

  test('may have counts and lengths padded with spaces on either side (P5)', () => {
    const reading = new Reading().push(`   2${'4'.padStart(20)}find${'2'.padEnd(20)}ws`);
    expect(reading.asked[0]?.args).toEqual(['find', 'ws']);
  });

  test.each([
    ['a count that is no number', '00x1'],
    ['a count of spaces', '    '],
    ['a count with a sign', '-001'],
    ['a length that is no number', `0001${'4x'.padEnd(20)}`],
    ['a length with a space inside', `0001${'1 4'.padStart(20)}`],
  ])('are refused as malformed: %s (P5.1)', (_, sent) => {
    expect(new Reading().push(sent).malformed).toBe(true);
  });

  test('may have a count of 0, and then have no verb (P5.1)', () => {
    const other = encodeRequest(['find', 'w', 'x'], undefined);
    expect(new Reading().push(`${other}0000`).requests).toMatchObject([
      { isEmpty: false, verb: 'find', args: ['w', 'x'] },
      { isEmpty: true, verb: '', args: [] },
    ]);
  });

  test('may announce a length of 2^63; its bytes are skipped as they arrive (P5, P12)', () => {
    const reading = new Reading().push(`0001${'9223372036854775808'.padStart(20, '0')}some bytes`);
    expect(reading).toMatchObject({ malformed: false, requests: [] });
  });
});

const store = (value: string): string[] => ['store', 'w', 'v', '1', value];
const large = encodeRequest(store('x'.repeat(7_000)), undefined);

describe('limits of requests (P12)', () => {
  test.each([
    ['too many arguments', Array.from({ length: 17 }, () => 'a'), 'Refused: 17 arguments; the limit is 16.'],
    ['a name too long', ['find', 'w'.repeat(101)], 'Refused: an argument of 101 bytes; the limit is 100.'],
    ['a verb too long', ['v'.repeat(101)], 'Refused: an argument of 101 bytes; the limit is 100.'],
    ['a value too long', store('x'.repeat(12_001)), 'Refused: a value of 12001 bytes; the limit is 12000.'],
  ])('%s: the request is read to its end with the reason, and the next one is intact', (_, args, reason) => {
    fc.assert(
      fc.property(chunking, (cut) => {
        const reading = new Reading();
        const sent = encodeRequest(args, undefined) + encodeRequest(store('good'), undefined);
        for (const chunk of cut(sent)) reading.push(chunk);
        expect(reading.requests).toMatchObject([{ excess: { reason } }, { excess: undefined }]);
        expect(reading.asked[1]?.args).toEqual(store('good'));
        expect(reading.files.count).toBe(0);
      }),
      { numRuns: 20 },
    );
  });

  test('drop metadata over the limit, with the reason, and the next request is intact', () => {
    const reading = new Reading({ metadata: true, limits: { ...LIMITS, metadataBytes: 10 } });
    reading.push(encodeRequest(['find'], new Map([['name', 'far too long a value']])));
    reading.push(encodeRequest(['fetch'], new Map([['a', 'b']])));
    expect(reading.requests).toMatchObject([
      {
        verb: 'find',
        metadata: new Map(),
        excess: { reason: 'Refused: metadata of 24 bytes; the limit is 10.' },
      },
      { verb: 'fetch', metadata: new Map([['a', 'b']]), excess: undefined },
    ]);
  });

  test('refuse a request for which there is no memory, release what has arrived, and leave the next request intact', () => {
    fc.assert(
      fc.property(chunking, fc.nat({ max: 5_400 }), (cut, most) => {
        const reading = new Reading({ metadata: true });
        const store = encodeRequest(
          ['store', 'w', 'v', '1', 'x'.repeat(5_000)],
          new Map([['a', 'b'.repeat(300)]]),
        );
        reading.room.most = most;
        for (const chunk of cut(store)) reading.push(chunk);
        const [refused] = reading.requests;
        // The metadata, with one entry, and five arguments.
        const needed = 100 + 301 + 8 + 5_000;
        expect(refused?.excess).toBe(most < needed ? NO_ROOM : undefined);
        if (most < needed) expect(refused).toMatchObject({ payload: undefined, metadata: new Map() });
        reading.room.most = Number.POSITIVE_INFINITY;
        reading.push(encodeRequest(['find', 'w'], new Map()));
        expect(reading.asked[1]?.args).toEqual(['find', 'w']);
        expect(reading.room.taken).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  test('are near the size of a value that arrives in many small pieces', () => {
    const reading = new Reading();
    const before = process.memoryUsage().arrayBuffers;
    reading.push(
      encodeRequest(['store', 'w', 'v', '1', ''], undefined).slice(0, -20) + '5900'.padStart(20, '0'),
    );
    for (let n = 0; n < 5_899; n++) reading.push('v');
    expect(reading.decoder.isMidway).toBe(true);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(200_000);
    reading.push('v');
    expect(reading.asked[0]?.args.at(-1)).toBe('v'.repeat(5_900));
  });

  test('include a value of exactly the maximum length', () => {
    const reading = new Reading().push(encodeRequest(store('x'.repeat(12_000)), undefined));
    expect(reading.requests).toMatchObject([{ excess: undefined, payload: { file: 1, size: 12_000 } }]);
  });
});

/** What a decoder says after each byte, as text: `1` while the request is incomplete. */
const midwayAfterEach = (reading: Reading, sent: string): string =>
  Array.from(sent, (byte) => (reading.push(byte).decoder.isMidway ? '1' : '0')).join('');

/** @returns the limit that a request is over, if it is over one */
const limitMetBy = (args: readonly string[]): string | undefined =>
  new Reading().push(encodeRequest(args, undefined)).requests[0]?.excess?.limit;

describe('the parts of a request', () => {
  test.each([
    ['without metadata', false, undefined],
    ['with metadata', true, new Map([['a', 'b']])],
    ['with metadata that are empty', true, new Map<string, string>()],
  ])('%s: it has begun with its first byte, and ends with its last', (_, metadata, entries) => {
    const reading = new Reading({ metadata });
    expect(reading.decoder.isMidway).toBe(false);
    const sent = encodeRequest(['find', 'w', ''], entries);
    for (let n = 0; n < 2; n++)
      expect(midwayAfterEach(reading, sent)).toBe(`${'1'.repeat(sent.length - 1)}0`);
    expect(reading.requests).toHaveLength(2);
  });

  test('reserve memory one by one, with what the request holds already', () => {
    const reading = new Reading({ metadata: true });
    reading.push(encodeRequest(['find', 'work', 'x'], new Map([['a', 'bc']])));
    // The metadata with an entry, the verb and each argument.
    expect(reading.room.asked.filter(([bytes]) => bytes > 0)).toEqual([
      [103, 0],
      [4, 103],
      [4, 107],
      [1, 111],
    ]);
    expect(reading.room.taken).toBe(0);
  });

  test('reserve memory for metadata while they come', () => {
    const reading = new Reading({ metadata: true });
    const pieces = ['00020001a0003x', 'yz0001b', '0002cd', '0001', '00000000000000000004', 'find'];
    for (const piece of pieces) reading.push(piece);
    expect(reading.room.asked.filter(([bytes]) => bytes > 0)).toEqual([
      [1, 0],
      [104, 1],
      [102, 105],
      [4, 207],
    ]);
    const metadata = new Map(Object.entries({ a: 'xyz', b: 'cd' }));
    expect(reading.asked[0]).toEqual({ args: ['find'], metadata });
  });

  test.each([
    [0, 'text'],
    [4_096, 'text'],
    [4_097, 'bytes'],
    [5_999, 'bytes'],
    [6_000, 'file'],
  ])('a value of %i bytes is kept as %s (P11)', (size, form) => {
    const reading = new Reading().push(encodeRequest(store('v'.repeat(size)), undefined));
    const [request] = reading.requests;
    const { payload } = request ?? {};
    expect(payload === undefined ? 'text' : isFile(payload) ? 'file' : 'bytes').toBe(form);
    expect(request?.args.at(-1)).toHaveLength(form === 'text' ? size : 0);
    // A file is not in memory.
    expect(reading.room.asked.reduce((sum, [bytes]) => sum + bytes, 0)).toBe(
      8 + (form === 'file' ? 0 : size),
    );
    expect(reading.room.taken).toBe(0);
  });

  test('only the fourth argument of a store is a value', () => {
    const long = 'x'.repeat(101);
    expect(limitMetBy(['store', 'w', 'v', '1', long])).toBeUndefined();
    expect(limitMetBy(['storeWait', 'w', 'v', '1', long])).toBeUndefined();
    expect(limitMetBy(['store', 'w', 'v', long, 'x'])).toBe('nameBytes');
    expect(limitMetBy(['store', 'w', 'v', '1', 'x', long])).toBe('nameBytes');
    expect(limitMetBy(['stores', 'w', 'v', '1', long])).toBe('nameBytes');
  });

  test.each<[limit: keyof Limits, args: string[], isOver: boolean]>([
    ['argumentCount', Array.from({ length: 16 }, () => 'a'), false],
    ['argumentCount', Array.from({ length: 17 }, () => 'a'), true],
    ['nameBytes', ['v'.repeat(100), 'w'.repeat(100)], false],
    ['nameBytes', ['v'.repeat(101)], true],
    ['nameBytes', ['find', 'w'.repeat(101)], true],
    ['valueBytes', store('x'.repeat(12_000)), false],
    ['valueBytes', store('x'.repeat(12_001)), true],
  ])('the limit %s is met by more than it (%#)', (limit, args, isOver) => {
    const reading = new Reading().push(encodeRequest(args, undefined));
    const expected = isOver ? { code: 'over-limit', status: '0001', limit } : undefined;
    if (expected === undefined) expect(reading.requests[0]?.excess).toBeUndefined();
    else expect(reading.requests[0]?.excess).toMatchObject(expected);
  });

  test('over a limit have their verb, for the log and the metrics, also the longest', () => {
    for (const verb of ['find', 'v'.repeat(100)]) {
      const args = [verb, ...Array.from({ length: 17 }, () => 'a')];
      const [request] = new Reading().push(encodeRequest(args, undefined)).requests;
      expect(request).toMatchObject({ verb, args: Array(17).fill(''), excess: { limit: 'argumentCount' } });
    }
  });

  test('have the first reason of several, and it does not outlast them', () => {
    const args = [...store('x'.repeat(20_000)), ...Array.from({ length: 13 }, () => 'w'.repeat(500))];
    const reading = new Reading().push(encodeRequest(args, undefined) + encodeRequest(store('y'), undefined));
    expect(reading.requests).toMatchObject([{ excess: { limit: 'argumentCount' } }, { excess: undefined }]);
  });
});

describe('a request for which there is no memory', () => {
  test('is asked for once, holds nothing from then on, and leaves nothing to the next one', () => {
    const reading = new Reading();
    const sent = encodeRequest(store('x'.repeat(5_000)), undefined);
    reading.push(sent.slice(0, -4_000));
    expect(reading.room.taken).toBe(1_008);
    reading.room.most = 1_500;
    reading.push(sent.slice(-4_000, -3_000));
    expect(reading.room.taken).toBe(0);
    const { length } = reading.room.asked;
    reading.push(sent.slice(-3_000, -1));
    expect([reading.room.taken, reading.room.asked.length]).toEqual([0, length]);
    reading.push(sent.slice(-1));
    expect(reading.requests).toMatchObject([{ excess: NO_ROOM, payload: undefined }]);
    reading.room.most = Number.POSITIVE_INFINITY;
    const other = `y${'z'.repeat(5_000)}`;
    reading.push(encodeRequest(store(other), undefined));
    expect(reading.asked[1]?.args).toEqual(store(other));
  });
});

describe('a request whose connection ends (P5)', () => {
  const sent = encodeRequest(store('x'.repeat(5_000)), new Map([['a', 'b'.repeat(300)]]));

  test.each([0, 3, 100, 320, 330, 350, 430, 460, 470, 1_500, sent.length - 1])(
    'after %i bytes holds nothing',
    (length) => {
      const reading = new Reading({ metadata: true }).push(sent.slice(0, length));
      reading.decoder.abandon();
      expect(reading.room.taken).toBe(0);
      expect(reading.requests).toEqual([]);
    },
  );
});

describe('values too large for memory (P11)', () => {
  test('are written to their file as they come, whole, and no empty piece', () => {
    const reading = new Reading();
    const lengths: number[] = [];
    const write = reading.files.write.bind(reading.files);
    reading.files.write = (file, bytes) => {
      lengths.push(bytes.length);
      write(file, bytes);
    };
    const sent = large.slice(0, -6_000);
    for (const piece of [sent, large.slice(-6_000, -1), large.slice(-1)]) reading.push(piece);
    expect(lengths).toEqual([1_000, 5_999, 1]);
    expect(reading.asked[0]?.args.at(-1)).toBe('x'.repeat(7_000));
    lengths.length = 0;
    for (const piece of [large.slice(0, -7_000), large.slice(-7_000)]) reading.push(piece);
    expect(lengths).toEqual([7_000]);
  });

  test('are awaited: the request is complete for its client, and nothing more is read', () => {
    const input = new ByteQueue();
    const room = new TightRoom();
    const done: FilePayload[] = [];
    const files = {
      open: (size: number): FilePayload => ({ file: 7, size }),
      write: () => undefined,
      finish: (file: FilePayload) => void done.push(file),
      discard: () => undefined,
    };
    const decoder = new RequestDecoder(input, { metadata: false, limits: LIMITS, files, room });
    // What the transport says of a file that the decoder does not await is nothing.
    decoder.fileDone('no');
    input.push(Buffer.from(large.slice(0, -1)));
    expect([decoder.next(), decoder.isMidway, done.length]).toEqual([undefined, true, 0]);
    input.push(Buffer.from(`x${encodeRequest(['find'], undefined)}`));
    for (let n = 0; n < 2; n++)
      expect([decoder.next(), decoder.isMidway, done]).toEqual([
        undefined,
        false,
        [{ file: 7, size: 7_000 }],
      ]);
    decoder.fileDone();
    expect(decoder.isMidway).toBe(false);
    decoder.fileDone('too late');
    expect(decoder.next()).toMatchObject({ verb: 'store', payload: { file: 7 }, excess: undefined });
    expect(decoder.next()).toMatchObject({ verb: 'find', payload: undefined });
    expect(decoder.next()).toBeUndefined();
  });

  test('are refused if the file cannot be written; the file is discarded, and the next request is intact', () => {
    const reading = new Reading().push(large + encodeRequest(['find'], undefined), 'disk full');
    expect(reading.requests).toMatchObject([
      {
        payload: undefined,
        excess: { reason: 'Refused: a value that could not be kept: disk full.', limit: 'serverBytes' },
      },
      { verb: 'find', excess: undefined },
    ]);
    expect(reading.files.count).toBe(0);
  });

  test('are discarded with their file if the connection closes half way', () => {
    const reading = new Reading().push(large.slice(0, 3_000));
    expect(reading.files.count).toBe(1);
    // The file is discarded once: the files have no second one of this number.
    for (let n = 0; n < 2; n++) reading.decoder.abandon();
    expect(reading.files.count).toBe(0);
  });

  test('are discarded with their file if the connection closes before the request is complete', () => {
    const reading = new Reading().push(large.replace('0005', '0006'));
    expect(reading).toMatchObject({ requests: [], files: { count: 1 } });
    for (let n = 0; n < 2; n++) reading.decoder.abandon();
    expect(reading.files.count).toBe(0);
  });

  test('are accepted only in a store', () => {
    const args = ['find', 'w', 'v', '1', 'x'.repeat(7_000)];
    const reading = new Reading().push(encodeRequest(args, undefined));
    expect(reading.requests).toMatchObject([
      { excess: { reason: 'Refused: an argument of 7000 bytes; the limit is 100.' } },
    ]);
  });
});

test('requests are encoded as a count, then each length before its argument (P5)', () => {
  const args = `0002${'4'.padStart(20, '0')}find${'0'.repeat(20)}`;
  expect(encodeRequest(['find', ''], undefined)).toBe(args);
  expect(encodeRequest(['find', ''], new Map())).toBe(`0000${args}`);
  expect(encodeRequest(['find', ''], new Map([['a', 'b']]))).toBe(`00010001a0001b${args}`);
});
