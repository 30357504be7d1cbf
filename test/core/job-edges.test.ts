import { describe, expect, test } from 'vitest';
import { isFailure } from '../../src/sleigh/failures.ts';
import { Job } from '../support/job.ts';
import { OK } from '../support/replies.ts';
import { it } from '../support/on-server.ts';

// The edges of jobs that the mutation run found untested.

describe('a large value that a job does not keep', () => {
  it(
    'leaves no file, whether its store is accepted or refused (P11)',
    (server) => {
      const job = new Job(server);
      const large = 'x'.repeat(200);
      expect(job.master.store('workerCount', large).status).not.toBe(OK.status);
      expect(server.files.count).toBe(0);
      expect(job.master.store('Sleigh ride over', large)).toMatchObject(OK);
      expect(server.files.count).toBe(0);
    },
    { limits: { longValueBytes: 100 } },
  );
});

describe('a step of a worker', () => {
  const step = { event: 'connection.closed', clause: 'S13', description: '', transition: undefined };
  test('is a failure if it has died by it, and not if it was dead before (S13)', () => {
    expect(isFailure({ ...step, before: 'registered.busy', after: 'dead' })).toBe(true);
    expect(isFailure({ ...step, before: 'dead', after: 'dead' })).toBe(false);
    expect(isFailure({ ...step, before: 'registered.busy', after: 'registered.idle' })).toBe(false);
  });
});
