import { describe, expect, it } from 'vitest';
import { JobChanges } from '../../src/sleigh/job-changes.ts';
import { jobValueOf } from '../../src/sleigh/job-event.ts';
import { ChangeRecorder, UNRECORDED } from '../../src/store/change-recorder.ts';

describe('the changes of a job (D8)', () => {
  it('are those of its workspace', () => {
    const recorder = new ChangeRecorder();
    const changes = new JobChanges({ number: 7, changes: recorder });
    expect(changes.isRecorded).toBe(true);
    changes.put(['worker', 3], { since: 1 });
    expect(recorder.take()).toEqual([{ type: 'put', key: ['worker', 7, 3], fields: { since: 1 } }]);
    expect(new JobChanges({ number: 7, changes: UNRECORDED }).isRecorded).toBe(false);
  });

  it('are that it has failed, and nothing any more', () => {
    const recorder = new ChangeRecorder();
    const changes = new JobChanges({ number: 7, changes: recorder });
    changes.put(['worker', 3], { since: 1 });
    changes.end(['job'], { hasFailed: true });
    expect(changes.isRecorded).toBe(false);
    changes.put(['worker', 3], { since: 2 });
    changes.touch(['sentinel', 0], () => ({ since: 3 }));
    changes.delete(['job']);
    const taken = recorder.take().filter(({ type }) => type !== 'clear');
    expect(taken).toEqual([{ type: 'put', key: ['job', 7], fields: { hasFailed: true } }]);
  });
});

describe('a value as a plugin sees it (S30)', () => {
  const metadata = new Map([['batchId', 'a']]);
  const seen = { descriptor: 3, payload: 'x\xff', bytes: 2, metadata: { batchId: 'a' } };

  it('has its bytes as a text, whether the server keeps them as a text or as bytes', () => {
    const shared = Buffer.from('..x\xff..', 'latin1');
    for (const payload of ['x\xff', shared.subarray(2, 4)])
      expect(jobValueOf({ descriptor: 3, payload, metadata })).toEqual(seen);
  });
});
