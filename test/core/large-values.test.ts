import { describe, expect, test } from 'vitest';
import { encodeRequest } from '../../src/wire/request.ts';
import { OK, refused } from '../support/replies.ts';
import { it } from '../support/on-server.ts';
import { simulated, type SimulatedServer } from '../support/simulated-server.ts';
import { Job } from '../support/job.ts';
import { Visitor } from '../support/visitor.ts';

const LARGE = 'large '.repeat(2_000);
const limits = { longValueBytes: 10_000 };

/** The state after an operation on a large value. */
const left = ({ core, files }: SimulatedServer) => [files.count, core.accounting.bytes];

describe('values too large for memory (P11)', () => {
  test.each(['fifo', 'lifo', 'single'])(
    'in a %s are read completely, and their file is discarded with them',
    (mode) =>
      simulated(
        (server) => {
          const visitor = Visitor.of(server, 'w');
          visitor.declare('v', mode);
          visitor.store('v', LARGE, { descriptor: 3, metadata: { a: 'b' } });
          expect(visitor.get('find', 'v')).toMatchObject({
            value: LARGE,
            descriptor: 3,
            metadata: { a: 'b' },
          });
          expect(left(server)).toEqual([1, LARGE.length]);
          expect(visitor.get('fetch', 'v').value).toBe(LARGE);
          expect(left(server)).toEqual([0, 0]);
        },
        { limits },
      )(),
  );

  it(
    'reach all clients that wait for them, and leave no file behind',
    (server) => {
      const [finder, fetcher, storer] = [1, 2, 3].map(() => Visitor.of(server, 'w'));
      finder?.wait('find', 'v');
      fetcher?.wait('fetch', 'v');
      storer?.store('v', LARGE);
      expect([finder?.reply().value, fetcher?.reply().value]).toEqual([LARGE, LARGE]);
      expect(left(server)).toEqual([0, 0]);
    },
    { limits },
  );

  it(
    'leave no file behind when they are refused, replaced, deleted, or incomplete when their client disconnects',
    (server) => {
      const visitor = Visitor.of(server, 'w');
      visitor.declare('t', '__time');
      expect(visitor.store('t', LARGE).status).toBe('0001');
      expect(visitor.client.call(['store', 'unopened', 'v', '1', LARGE]).status).toBe('2001');
      visitor.declare('s', 'single');
      visitor.store('s', LARGE);
      visitor.store('s', 'small');
      expect(left(server)).toEqual([0, 5]);
      visitor.store('d', LARGE);
      visitor.delete('d');
      visitor.client.write(encodeRequest(['store', 'w', 'v', '1', LARGE], new Map()).slice(0, -1));
      expect(server.files.count).toBe(1);
      visitor.leave();
      expect(left(server)).toEqual([0, 5]);
    },
    { limits },
  );

  it(
    'are refused with the reason if they cannot be written, and the connection stays open',
    (server) => {
      const visitor = Visitor.of(server, 'w');
      expect(visitor.store('v', LARGE)).toMatchObject(
        refused('Refused: a value that could not be kept: disk full.'),
      );
      expect(visitor.store('v', 'small')).toMatchObject(OK);
      expect(left(server)).toEqual([0, 5]);
    },
    { limits, fileError: 'disk full' },
  );

  it(
    'as tasks, broadcasts and results are discarded with the last client that needs them (S7, S8)',
    (server) => {
      const job = new Job(server);
      const { workers } = job.openCrew(2);
      job.broadcast(LARGE);
      job.task(LARGE);
      job.close();
      for (const worker of workers) {
        expect(worker.get('fetch', 'task').value).toBe(LARGE);
        worker.store('result', 'done');
      }
      expect(server.files.count).toBe(1);
      expect(workers[0]?.get('fetch', 'task').value).toBe(LARGE);
      workers[0]?.store('result', LARGE);
      expect(server.files.count).toBe(1);
      expect(job.results().map(({ value }) => value)).toEqual(['done', 'done', LARGE]);
      expect(server.files.count).toBe(0);
      expect(workers[0]?.store('result', LARGE).status).toBe('0001');
      expect(server.files.count).toBe(0);
    },
    { limits },
  );
});
