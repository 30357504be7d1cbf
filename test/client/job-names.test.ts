import { expect, it } from 'vitest';
import { jobNames } from '../../src/client/master/job-names.ts';
import { thisHost } from '../../src/client/platform.ts';

const platform = { ...thisHost, hostname: 'ada', pid: 7, secret: () => '123456789' };

it('a job has a workspace of its own, and its batches are numbered from 1', () => {
  const { workspace, mailbox, nextBatch } = jobNames({ workers: 1 }, platform);
  expect([workspace, mailbox, nextBatch(), nextBatch()]).toEqual([
    'sleigh ada 7 12345678',
    'master',
    '1',
    '2',
  ]);
  expect(jobNames({ workers: 1, label: 'mine' }, platform).workspace).toBe('mine ada 7 12345678');
});

it('a job with a name tells its masters apart', () => {
  const { workspace, mailbox, nextBatch } = jobNames({ workers: 1, name: 'nightly' }, platform);
  expect([workspace, mailbox, nextBatch(), nextBatch()]).toEqual([
    'nightly',
    'master 12345678',
    '12345678 1',
    '12345678 2',
  ]);
});
